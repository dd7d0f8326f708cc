"""What Schemathesis makes up from the API's own description never upsets the server."""

from __future__ import annotations

import hypothesis
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from catalog import Catalog
from catalog.web import create_app

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


EXAMPLES = 5
# Folders that it makes up would be roots: "/" for one, and all of this machine the catalogue's.
LEFT_OUT = {("GET", "/api/v1/events"), ("POST", "/api/v1/roots")}


def test_nothing_upsets_the_server(little: Catalog):
    app = create_app(little, auth=True)
    token = little.token.create("schemathesis", "admin")["token"]
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app)
    tried, wrong = set(), []
    for found in schema.get_all_operations():
        operation = found.ok()
        name = (operation.method.upper(), operation.path)
        if name in LEFT_OUT:
            continue
        tried.add(name)
        try:
            _try(operation, {"Authorization": f"Bearer {token}"})
        except FailureGroup as error:  # collected, so that one run tells of all
            wrong.append(f"{name}: {[str(each) for each in error.exceptions]}")
    assert not wrong, "\n\n".join(wrong)
    assert len(tried) > 60


def _try(operation: schemathesis.APIOperation, headers: dict[str, str]) -> None:
    @hypothesis.given(case=operation.as_strategy())
    @hypothesis.settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    def try_one(case: schemathesis.Case) -> None:
        case.call_and_validate(checks=CHECKS, headers=headers)

    try_one()
