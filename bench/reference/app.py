"""Flask + SQLAlchemy + PostgreSQL: validate, insert one row, commit, answer it."""

from __future__ import annotations

import os

from flask import Flask, jsonify, request
from sqlalchemy import Float, Integer, String, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

TEXTS = (
    "session_h",
    "context_h",
    "item_start_time",
    "item_path",
    "item",
    "item_variant",
    "item_fs_loc",
    "kind",
    "component",
)
NUMBERS = ("total_time", "user_time", "kernel_time", "cpu_usage", "mem_usage")


class Base(DeclarativeBase):
    pass


class Metric(Base):
    __tablename__ = "test_metrics"

    item_pk: Mapped[int] = mapped_column(Integer, primary_key=True)
    session_h: Mapped[str] = mapped_column(String(64))
    context_h: Mapped[str] = mapped_column(String(64))
    item_start_time: Mapped[str] = mapped_column(String(64))
    item_path: Mapped[str] = mapped_column(String(4096))
    item: Mapped[str] = mapped_column(String(2048))
    item_variant: Mapped[str] = mapped_column(String(2048))
    item_fs_loc: Mapped[str] = mapped_column(String(2048))
    kind: Mapped[str] = mapped_column(String(64))
    component: Mapped[str] = mapped_column(String(512))
    total_time: Mapped[float] = mapped_column(Float)
    user_time: Mapped[float] = mapped_column(Float)
    kernel_time: Mapped[float] = mapped_column(Float)
    cpu_usage: Mapped[float] = mapped_column(Float)
    mem_usage: Mapped[float] = mapped_column(Float)


engine = create_engine(os.environ["REFERENCE_URL"], pool_size=4, max_overflow=0)
app = Flask(__name__)


def problems(body: object) -> dict[str, str]:
    if not isinstance(body, dict):
        return {"": "not an object"}
    wrong = {name: "a text" for name in TEXTS if not isinstance(body.get(name), str)}
    return wrong | {
        name: "a number" for name in NUMBERS if not isinstance(body.get(name), int | float)
    }


@app.post("/api/v1/metrics/")
def post_metric():
    body = request.get_json(silent=True)
    if wrong := problems(body):
        return jsonify(errors=wrong, message="Input payload validation failed"), 400
    values = {name: body[name] for name in (*TEXTS, *NUMBERS)}
    with Session(engine) as session:
        session.add(Metric(**values))
        session.commit()
    return jsonify(values), 201
