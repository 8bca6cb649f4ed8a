"""The protocol message by message, as a client sees it."""

from __future__ import annotations

import struct
import threading
import time

import psycopg
import pytest
from tests.pgwire.serving import Serving, complaint, kinds


@pytest.fixture
def raw(serving: Serving):
    with serving.raw() as found:
        assert kinds(found.begin())[-1] == "Z"
        yield found


def test_a_connection_is_told_what_it_has_to_know(serving: Serving):
    with serving.raw() as raw:
        answers = raw.begin(database="d", application_name="me", options="-c statement_timeout=5")
        told = dict(body[:-1].decode().split("\0") for kind, body in answers if kind == b"S")
        assert kinds(answers) == "R" + "S" * len(told) + "KZ"
        assert told["server_version"] == "15.0"
        assert (told["TimeZone"], told["DateStyle"], told["client_encoding"]) == (
            "UTC",
            "ISO, MDY",
            "UTF8",
        )
        assert (told["standard_conforming_strings"], told["application_name"]) == ("on", "me")
        assert answers[-1][1] == b"I"
        shown = next(body for kind, body in raw.query("SHOW statement_timeout") if kind == b"D")
        assert shown.endswith(b"5")


def test_encryption_is_declined_and_the_connection_goes_on(serving: Serving):
    with serving.raw() as raw:
        for code in (80877103, 80877104):
            raw.socket.sendall(struct.pack("!ii", 8, code))
            assert raw.socket.recv(1) == b"N"
        assert kinds(raw.begin())[-1] == "Z"


def test_a_newer_minor_version_is_negotiated(serving: Serving):
    with serving.raw() as raw:
        body = struct.pack("!i", (3 << 16) + 2) + b"user\0me\0_pq_.x\0y\0\0"
        raw.socket.sendall(struct.pack("!i", len(body) + 4) + body)
        answers = raw.until_ready()
        assert answers[0] == (b"v", struct.pack("!ii", 3 << 16, 1) + b"_pq_.x\0")
        assert kinds(answers)[-1] == "Z"


def test_several_statements_in_one_query_are_answered_in_turn(raw):
    answers = raw.query("SELECT 1; SELECT 2 WHERE false; SET application_name = 'x'; SHOW timezone")
    assert kinds(answers) == "TDCTCSCTDCZ"
    tags = [body for kind, body in answers if kind == b"C"]
    assert tags == [b"SELECT 1\0", b"SELECT 0\0", b"SET\0", b"SHOW\0"]


def test_an_error_ends_the_rest_of_a_query(raw):
    answers = raw.query("SELECT 1; SELECT nope; SELECT 3")
    assert kinds(answers) == "TDCEZ"
    assert complaint(answers)["C"] == "42703"
    assert kinds(raw.query("SELECT 1")) == "TDCZ"


def test_an_empty_query_is_answered_as_such(raw):
    assert kinds(raw.query("")) == kinds(raw.query(" ; -- nothing")) == "IZ"
    raw.send(b"P", b"\0\0\0\0")
    raw.send(b"B", b"\0\0\0\0\0\0\0\0")
    raw.send(b"D", b"P\0")
    raw.send(b"E", b"\0\0\0\0\0")
    raw.send(b"S")
    assert kinds(raw.until_ready()) == "12nIZ"


def test_a_transaction_tells_its_state(raw):
    def states(*texts: str) -> str:
        return "".join(raw.query(text)[-1][1].decode() for text in texts)

    assert states("BEGIN", "SELECT 1", "SELECT nope", "COMMIT", "SELECT 1") == "TTEII"
    assert states("START TRANSACTION READ ONLY", "SAVEPOINT a", "SELECT nope") == "TTE"
    failed = raw.query("SELECT 1")
    assert complaint(failed)["C"] == "25P02"
    assert states("ROLLBACK TO a", "SELECT 1", "RELEASE a", "ROLLBACK") == "TTTI"
    assert complaint(raw.query("SAVEPOINT a"))["C"] == "25P01"
    assert raw.query("BEGIN; SELECT nope")[-1][1] == b"E"
    assert raw.query("COMMIT")[0] == (b"C", b"ROLLBACK\0")
    assert [
        raw.query(text)[0][1] for text in ("DISCARD ALL", "RESET ALL", "UNLISTEN *", "CLOSE ALL")
    ] == [b"DISCARD ALL\0", b"RESET\0", b"UNLISTEN\0", b"CLOSE CURSOR ALL\0"]


def test_a_statement_tells_its_parameters_and_columns_before_it_has_values(raw):
    text = "SELECT pipeline_id, created_at FROM metrics_pipeline WHERE project = $1 AND duration > $2 AND created_at BETWEEN $3 AND $4 AND is_master = $5 AND pipeline_id IN ($6, 1) LIMIT $7"
    raw.send(b"P", b"s\0" + text.encode() + b"\0\0\0")
    raw.send(b"D", b"Ss\0")
    raw.send(b"S")
    answers = raw.until_ready()
    assert kinds(answers) == "1tTZ"
    assert struct.unpack("!H7I", answers[1][1]) == (7, 25, 23, 1114, 1114, 16, 20, 20)
    assert b"pipeline_id\0" in answers[2][1]


def test_a_portal_gives_its_rows_in_parts(raw):
    raw.send(b"P", b"\0SELECT range FROM range(5)\0\0\0")
    raw.send(b"B", b"p\0\0\0\0\0\0\0\1\0\1")  # binary
    raw.send(b"D", b"Pp\0")
    for rows_max in (2, 2, 2, 2):
        raw.send(b"E", b"p\0" + struct.pack("!i", rows_max))
    raw.send(b"H")
    raw.send(b"C", b"Pp\0")
    raw.send(b"E", b"p\0\0\0\0\0")
    raw.send(b"S")
    answers = raw.until_ready()
    assert kinds(answers) == "12TDDsDDsDCC3EZ"
    assert [struct.unpack("!q", body[6:])[0] for kind, body in answers if kind == b"D"] == [
        0,
        1,
        2,
        3,
        4,
    ]
    assert [body for kind, body in answers if kind == b"C"] == [b"SELECT 1\0", b"SELECT 0\0"]
    assert complaint(answers)["C"] == "34000"


def test_after_an_error_all_is_skipped_up_to_sync(raw):
    raw.send(b"P", b"\0SELEC 1\0\0\0")
    raw.send(b"B", b"\0\0\0\0\0\0\0\0")
    raw.send(b"E", b"\0\0\0\0\0")
    raw.send(b"S")
    answers = raw.until_ready()
    assert kinds(answers) == "12EZ"
    assert complaint(answers)["C"] == "42601"
    raw.send(b"P", b"\0SELECT 1; SELECT 2\0\0\0")
    raw.send(b"E", b"\0\0\0\0\0")
    raw.send(b"S")
    assert kinds(raw.until_ready()) == "EZ"


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ([(b"B", b"\0none\0\0\0\0\0\0\0")], "26000"),
        ([(b"D", b"Snone\0")], "26000"),
        ([(b"D", b"Pnone\0")], "34000"),
        ([(b"P", b"s\0SELECT 1\0\0\0"), (b"P", b"s\0SELECT 1\0\0\0")], "42P05"),
        ([(b"P", b"\0SELECT $1::int\0\0\0"), (b"B", b"\0\0\0\0\0\1\0\0\0\1x\0\0")], "22P03"),
        (
            [
                (b"P", b"\0SELECT 1, 2, 3\0\0\0"),
                (b"B", b"\0\0\0\0\0\0\0\2\0\1\0\1"),
                (b"D", b"P\0"),
            ],
            "08P01",
        ),
        (
            [(b"P", b"\0SELECT $1\0\0\0"), (b"B", b"\0\0\0\0\0\0\0\0"), (b"E", b"\0\0\0\0\0")],
            "22000",
        ),
        ([(b"F", b"")], "0A000"),
        ([(b"p", b"x\0")], "08P01"),
    ],
)
def test_what_does_not_fit_has_its_own_code(messages: list[tuple[bytes, bytes]], code: str, raw):
    for kind, body in messages:
        raw.send(kind, body)
    if messages[0][0] != b"F":
        raw.send(b"S")
    assert complaint(raw.until_ready())["C"] == code
    assert kinds(raw.query("SELECT 1")) == "TDCZ"


def test_a_prepared_statement_lives_until_it_is_closed(raw):
    raw.send(b"P", b"s\0SELECT 1\0\0\0")
    raw.send(b"S")
    assert kinds(raw.until_ready()) == "1Z"
    assert raw.query("DEALLOCATE s")[0][1] == b"DEALLOCATE\0"
    assert complaint(raw.query("DEALLOCATE s"))["C"] == "26000"
    raw.send(b"P", b"s\0SHOW timezone\0\0\0")
    raw.send(b"D", b"Ss\0")
    raw.send(b"C", b"Ss\0")
    raw.send(b"P", b"s\0BEGIN\0\0\0")
    raw.send(b"D", b"Ss\0")
    raw.send(b"S")
    assert kinds(raw.until_ready()) == "1tT31tnZ"
    assert raw.query("DEALLOCATE ALL")[0][1] == b"DEALLOCATE ALL\0"


@pytest.mark.parametrize(
    ("text", "code", "position"),
    [
        ("SELECT 1 + FROM events", "42601", "12"),
        ("SELECT * FROM nope", "42P01", "15"),
        ("SELECT ü.id FROM metrics_build ü, nope", "42P01", "35"),
        ("SELECT a.id,\n  nope\nFROM events a", "42703", "16"),
        ("SELECT x.id FROM events", "42P01", "8"),
        ("SELECT CAST('x' AS INTEGER)", "22000", "8"),
        ("SELECT read_text('/etc/passwd')", "42501", "8"),
        ("SELECT id, count(*) FROM events", "42000", "8"),
        ("INSERT INTO events VALUES (1)", "25006", None),
        ("WITH x AS (DELETE FROM event RETURNING *) SELECT * FROM x", "25006", None),
        ("EXPLAIN SELECT 1", "0A000", None),
        ("COPY events TO STDOUT", "42501", None),
        ("SELECT * FROM range(20000)", "54000", None),
        ("SELECT '" + "x" * 70_000 + "'", "54000", None),
        ("SELECT 1, pg_class.relname FROM events, pg_class", "42P01", None),
        ("SELECT 1; SELECT 'ü', nope", "42703", "23"),
        ("SELECT nope FROM (SELECT 1 FROM public.events) x", "42703", None),  # it is written anew
        ("SELECT * FROM " + "(SELECT " + "*, " * 50 + "1 FROM events)", "54011", None),
        ("SELECT '" + "x" * 40_000 + "'; SELECT '" + "x" * 40_000 + "'", "54000", None),
        ("SET threads = 1", "42704", None),
        ("SELECT name ~ '(' FROM metrics_build", "22000", None),
    ],
)
def test_an_error_has_postgresqls_code_and_its_place(
    text: str, code: str, position: str | None, raw
):
    found = complaint(raw.query(text))
    assert (found["C"], found.get("P")) == (code, position), found
    assert "LINE" not in found["M"]


@pytest.mark.parametrize("text", ["SELECT $1000000000", "SELECT $²", "SELECT $1, $3"])
def test_parameters_that_are_not_numbered_through_are_refused_at_once(text: str, raw):
    raw.send(b"P", b"\0" + text.encode() + b"\0\0\0")
    raw.send(b"D", b"S\0")
    raw.send(b"S")
    assert complaint(raw.until_ready())["M"] == "parameters are $1, $2 ... and none is left out"


def test_a_question_past_the_deadline_is_canceled_with_a_clear_text(serving: Serving):
    with serving.connect() as connection:
        heavy = "SELECT count(*) FROM range(1000000) a JOIN range(1000000) b ON a.range < b.range"
        with pytest.raises(
            psycopg.errors.QueryCanceled, match="took longer than `query_seconds_max`"
        ):
            connection.execute(heavy)
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_cancel_request_ends_the_question_of_its_connection_and_no_other(tmp_path):
    with Serving(tmp_path, query_seconds_max=60.0) as serving, serving.connect() as connection:
        heavy = "SELECT count(*) FROM range(1000000000) a, range(1000000) b WHERE a.range < b.range"
        session = next(iter(serving.pg._open.values())).session

        def cancel() -> None:
            deadline = time.monotonic() + 30
            while not session.is_asking and time.monotonic() < deadline:
                time.sleep(0.005)
            with serving.raw() as wrong:  # not its secret
                body = struct.pack("!iiii", 16, 80877102, next(iter(serving.pg._open)), 0)
                wrong.socket.sendall(body)
                assert wrong.read() is None
            assert session.is_asking
            connection.cancel_safe()

        thread = threading.Thread(target=cancel)
        thread.start()
        with pytest.raises(psycopg.errors.QueryCanceled, match="due to user request"):
            connection.execute(heavy)
        thread.join()
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_statements_and_portals_have_bounds(tmp_path):
    bounds = {"pg_statements_max": 2, "pg_portals_max": 1, "pg_statement_bytes_max": 100}
    with Serving(tmp_path, **bounds) as serving, serving.raw() as raw:
        raw.begin()
        raw.query("BEGIN")
        for name in (b"a", b"b", b"c"):
            raw.send(b"P", name + b"\0SELECT 1\0\0\0")
        raw.send(b"S")
        answers = raw.until_ready()
        assert (kinds(answers), complaint(answers)["C"]) == ("11EZ", "54000")
        raw.query("ROLLBACK")
        raw.send(b"B", b"p\0a\0\0\0\0\0\0\0")
        raw.send(b"B", b"q\0a\0\0\0\0\0\0\0")
        raw.send(b"S")
        assert complaint(raw.until_ready())["M"] == "more than 1 portals: close some"
        raw.query("DEALLOCATE ALL")
        for name, text, types in ((b"a", b"x" * 100, 0), (b"a" * 99, b"", 0), (b"a", b"", 30)):
            listed = struct.pack("!H", types) + bytes(4 * types)
            raw.send(b"P", name + b"\0SELECT '" + text + b"'\0" + listed)
            raw.send(b"S")
            assert "100 characters in prepared statements" in complaint(raw.until_ready())["M"]
