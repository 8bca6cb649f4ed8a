"""Several statements in one text, and what kind each is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runwell.pgwire.statements import Kind, bare, classify, split


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        (" ; ;-- nothing\n; /* ; /* ; */ ; */ ", []),
        ("SELECT 1; SELECT 2;", ["SELECT 1", " SELECT 2"]),
        ("SELECT ';', \";\" -- ;\n; SELECT 2", ["SELECT ';', \";\" -- ;\n", " SELECT 2"]),
        (r"SELECT E'\';', 'a'';b'; SELECT 2", [r"SELECT E'\';', 'a'';b'", " SELECT 2"]),
        ("SELECT $$;$$, $a$;$$;$a$; SELECT $1", ["SELECT $$;$$, $a$;$$;$a$", " SELECT $1"]),
        ("SELECT 1 AS name'x;y'; SELECT 2", ["SELECT 1 AS name'x;y'", " SELECT 2"]),
        ("SELECT 'open ; SELECT 2", ["SELECT 'open ; SELECT 2"]),
        ("SELECT /* open ; SELECT 2", ["SELECT /* open ; SELECT 2"]),
        ("SELECT $$ open ; SELECT 2", ["SELECT $$ open ; SELECT 2"]),
    ],
)
def test_statements_end_where_their_semicolon_is_one(text: str, parts: list[str]):
    assert [statement.text for statement in split(text)] == parts


@given(st.text(st.sampled_from("';\"$a-/*\\E\n "), max_size=40))
def test_nothing_is_lost_between_statements(text: str):
    parts = [statement.text for statement in split(text)]
    at = 0
    for part in parts:
        at = text.index(part, at) + len(part)


@pytest.mark.parametrize(
    ("text", "kind", "tag"),
    [
        ("select 1", Kind.QUESTION, "SELECT"),
        ("(SELECT 1)", Kind.QUESTION, "SELECT"),
        ("WITH a AS (SELECT 1) TABLE a", Kind.QUESTION, "SELECT"),
        ("/* a */ -- b\n begin", Kind.BEGIN, "BEGIN"),
        ("START TRANSACTION READ ONLY", Kind.BEGIN, "START TRANSACTION"),
        ("END", Kind.COMMIT, "COMMIT"),
        ("abort", Kind.ROLLBACK, "ROLLBACK"),
        ("ROLLBACK TO SAVEPOINT a", Kind.ROLLBACK_TO, "ROLLBACK"),
        ("RELEASE a", Kind.SAVEPOINT, "RELEASE"),
        ("DISCARD ALL", Kind.RESET, "DISCARD ALL"),
        ("RESET ALL", Kind.RESET, "RESET"),
        ("DEALLOCATE a", Kind.DEALLOCATE, "DEALLOCATE"),
        ("DEALLOCATE PREPARE ALL", Kind.DEALLOCATE, "DEALLOCATE ALL"),
        ("CLOSE ALL", Kind.DONE, "CLOSE CURSOR ALL"),
        ("UNLISTEN *", Kind.DONE, "UNLISTEN"),
        ("insert into a values (1)", Kind.WRITE, "INSERT"),
        ("COPY a TO '/x'", Kind.CLOSED, "COPY"),
        ("DECLARE c CURSOR FOR SELECT 1", Kind.MISSING, "DECLARE"),
        ("-- nothing", Kind.EMPTY, ""),
        ("/* open", Kind.EMPTY, ""),
        ("1", Kind.QUESTION, "SELECT"),
    ],
)
def test_a_statement_is_told_by_its_first_words(text: str, kind: Kind, tag: str):
    statement = classify(text)
    assert (statement.kind, statement.tag) == (kind, tag)


def test_a_statement_knows_where_it_begins():
    text = "; SELECT 1 ;-- no\n;SELECT 'ü;'"
    assert [text[part.offset :][: len(part.text)] for part in split(text)] == [
        " SELECT 1 ",
        "SELECT 'ü;'",
    ]


def test_comments_in_front_are_no_part_of_a_statement():
    assert bare(" -- a\n/* b /* c */ */ SELECT 1 -- d ") == "SELECT 1 -- d"
