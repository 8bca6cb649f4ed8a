"""From bytes to a call and from an answer to bytes: what every protocol shares."""

from runwell.http.call import Answer, Call, Endpoint, Parameter, json_answer
from runwell.http.credentials import Credentials, bearer_or_basic, header_token

__all__ = [
    "Answer",
    "Call",
    "Credentials",
    "Endpoint",
    "Parameter",
    "bearer_or_basic",
    "header_token",
    "json_answer",
]
