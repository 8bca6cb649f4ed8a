"""What a name means in a filter, and which places in records have columns of their own.

Source: the two environments of Tekton Results' CEL filters, of records and of results.
"""

from __future__ import annotations

from runwell.errors import BadRequest
from runwell.filter import Call, Constant, Expression, Field, Payload, Sort
from runwell.filter.cel import (
    BadExpression,
    Environment,
    Known,
    Message,
    Path,
    Texts,
    Variable,
    Vocabulary,
)
from runwell.protocols.tekton.errors import InvalidArgument
from runwell.protocols.tekton.wire import STATUSES
from runwell.query import StoredPath, Type

REASON = ("status", "conditions", "0", "reason")
START_TIME = ("status", "startTime")
COMPLETION_TIME = ("status", "completionTime")
CREATION_TIMESTAMP = ("metadata", "creationTimestamp")
NAMESPACE = ("metadata", "namespace")
PIPELINE = ("metadata", "labels", "tekton.dev/pipeline")
REPOSITORY = ("metadata", "annotations", "pipelinesascode.tekton.dev/repository")

TEXTS = (
    *(REASON, START_TIME, COMPLETION_TIME, CREATION_TIMESTAMP, NAMESPACE, PIPELINE, REPOSITORY),
    ("kind",),
    ("metadata", "name"),
    ("metadata", "uid"),
    ("metadata", "labels", "tekton.dev/pipelineRun"),
    ("status", "conditions", "0", "status"),
)
OBJECTS = (("metadata", "labels"), ("metadata", "annotations"), ("spec", "pipelineRef"))
PATHS = (
    *(StoredPath(steps, Type.TEXT) for steps in TEXTS),
    *(StoredPath(steps, Type.JSON) for steps in OBJECTS),
)

# translate.py reads these times, by the same rules as every other text is read as a time.
TIMES: dict[tuple[str, ...], Expression] = {
    START_TIME: Field("started"),
    COMPLETION_TIME: Field("finished"),
    CREATION_TIMESTAMP: Field("created"),
}


def _text(expression: Expression) -> Variable:
    return Variable("string", Known(expression, Sort.TEXT))


def _constant(text: str) -> Variable:
    return _text(Constant(text, Sort.TEXT))


def _time(name: str) -> Variable:
    return Variable("timestamp", Known(Field(name), Sort.TIME))


TYPES = {
    "PIPELINE_RUN": _constant("tekton.dev/v1.PipelineRun"),
    "TASK_RUN": _constant("tekton.dev/v1.TaskRun"),
}
RECORDS = Environment(
    Vocabulary(
        {
            "parent": _text(Field("scope")),
            "result_name": _text(Field("chain")),
            "name": _text(Call("last_segment", (Field("id"),))),
            "data_type": _text(Field("event_type")),
            "data": Variable("dyn", Path(())),
            **TYPES,
        },
        TIMES,
    )
)

# A result's payload is made by translate.py.
STATUS = Known(Call("int_of_number", (Payload(("status",), "number"),)), Sort.INTEGER)
SUMMARY = {
    "record": _text(Call("text_or_empty", (Payload(("summary", "record"), "text"),))),
    "type": _text(Call("text_or_empty", (Payload(("summary", "type"), "text"),))),
    "start_time": _time("started"),
    "end_time": _time("finished"),
    "status": Variable("int", STATUS),
    "annotations": Variable("map(string, string)", Texts(("summary", "annotations"))),
}
RESULTS = Environment(
    Vocabulary(
        {
            "parent": _text(Field("scope")),
            "uid": _text(Field("uid")),
            "annotations": Variable("map(string, string)", Texts(("annotations",))),
            "summary": Variable("map(string, dyn)", Message(("summary",), SUMMARY)),
            "create_time": _time("recorded"),
            "update_time": _time("updated"),
            **TYPES,
            **{
                name: Variable("int", Known(Constant(number, Sort.INTEGER), Sort.INTEGER))
                for number, name in enumerate(STATUSES)
            },
        },
        {},
    )
)


def read_filter(environment: Environment, text: str) -> Expression | None:
    """The filter of a query; None without one.

    Raises:
        InvalidArgument: in the original's words, with cel-go's place and caret.
    """
    try:
        return environment.parse(text)
    except BadExpression as error:
        raise _refusal(error) from error


def _refusal(error: BadExpression) -> BadRequest:
    prefix = "error compiling CEL filters: " if error.message.startswith("ERROR") else ""
    return InvalidArgument(f"{prefix}{error.message}", pointer="filter")
