"""Every error of ours in the words and codes of gRPC."""

from __future__ import annotations

import json

import pytest

from runwell import errors
from runwell.protocols.tekton.errors import (
    AlreadyExists,
    BadMessage,
    EtagMismatch,
    InvalidArgument,
    RecordNotFound,
    ResultMissing,
    UnknownService,
    WrappedArgument,
    code_of,
    render_error,
)


@pytest.mark.parametrize(
    ("error", "status", "code", "message"),
    [
        (errors.NotFound(), 404, 5, "Not Found"),
        (RecordNotFound(), 404, 5, "record not found"),
        (
            ResultMissing(),
            404,
            5,
            "failed to find a result: rpc error: code = NotFound desc = record not found",
        ),
        (UnknownService(), 404, 5, "unknown service"),
        (errors.MethodNotAllowed(("GET",)), 501, 12, "Method Not Allowed"),
        (errors.Unauthorized(), 401, 16, "unable to find token"),
        (errors.UnknownToken(), 401, 16, "permission denied"),
        (errors.Forbidden("read"), 401, 16, "permission denied"),
        (InvalidArgument("no"), 400, 3, "no"),
        (WrappedArgument("no"), 400, 3, "rpc error: code = InvalidArgument desc = no"),
        (BadMessage("a.b", "no"), 400, 3, "proto:\xa0(a.b): no"),
        (BadMessage("", "no"), 400, 3, "proto:\xa0no"),
        (errors.BadBody("no"), 400, 3, "no"),
        (errors.BadQuery("no"), 400, 3, "no"),
        (errors.BadEvent("tags", "no"), 400, 3, "tags: no"),
        (errors.BadParameter("fields", "no"), 400, 3, "fields: no"),
        (EtagMismatch(), 400, 9, "the etag mismatches"),
        (
            AlreadyExists("results_by_name"),
            409,
            6,
            'ERROR: duplicate key value violates unique constraint "results_by_name" (SQLSTATE 23505)',
        ),
        (errors.Conflict("no"), 409, 6, "no"),
        (errors.TooLarge("no"), 413, 8, "no"),
        (errors.Overloaded("no"), 503, 14, "no"),
        (errors.Stopping("no"), 503, 14, "no"),
        (errors.NotCaughtUp("no"), 503, 14, "no"),
        (errors.QueryTooLong("no"), 504, 4, "no"),
        (errors.TooSlow("no"), 408, 4, "no"),
        (errors.StorageFailed("no"), 503, 14, "no"),
        (errors.DiskFull("no"), 503, 14, "no"),
        (errors.LedgerHeld("no"), 503, 14, "no"),
        (errors.Unreadable("no"), 503, 14, "no"),
        (errors.InternalError("no"), 500, 13, "no"),
        (errors.UrlTooLong("no"), 414, 3, "no"),
        (errors.HeadersTooLarge("no"), 431, 8, "no"),
        (errors.UnsupportedEncoding("no"), 415, 3, "no"),
    ],
)
def test_an_error_has_its_status_code_and_message(
    error: errors.Error, status: int, code: int, message: str
):
    answer = render_error(error)

    assert (answer.status, json.loads(answer.body)) == (status, {"code": code, "message": message})


def test_a_401_says_its_message_in_the_header_that_asks_for_a_token():
    assert render_error(errors.Unauthorized()).headers == (
        ("www-authenticate", "unable to find token"),
    )
    assert render_error(errors.Forbidden("read")).headers == (
        ("www-authenticate", "permission denied"),
    )
    assert render_error(errors.NotFound()).headers == ()


def test_an_error_that_is_not_known_here_is_internal():
    class Unheard(errors.Error):
        """Unheard of."""

    assert code_of(Unheard()) == 13
    assert render_error(Unheard()).status == 500
