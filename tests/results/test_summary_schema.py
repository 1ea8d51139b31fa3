"""`simulation_summary.json` has a JSON schema that other programs can use: published, current, and kept.

Where a change of the summary is meant, write the schema anew with `python tests/results/test_summary_schema.py`.
"""

import json
from pathlib import Path

import jsonschema
import pytest

from vpp_core.results.summary import Summary, summary_json

PUBLISHED = Path(__file__).parents[2] / "docs" / "simulation_summary.schema.json"


def schema() -> dict:
    return Summary.model_json_schema(mode="serialization") | {"$schema": "https://json-schema.org/draft/2020-12/schema"}


def test_the_published_schema_is_the_summary_s_own():
    assert json.loads(PUBLISHED.read_text()) == schema()


@pytest.fixture(scope="module")
def content(run_of):
    return json.loads(summary_json(run_of(days=3, homes=6)))


def test_a_summary_fits_the_published_schema(content):
    published = json.loads(PUBLISHED.read_text())
    jsonschema.Draft202012Validator.check_schema(published)
    jsonschema.validate(content, published, cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize(
    ("field", "value"), [("days", 0), ("month", 8), ("answer", "one sentence"), ("schema_version", 2), ("extra", 1)]
)
def test_another_content_does_not_fit_it(content, field, value):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(content | {field: value}, json.loads(PUBLISHED.read_text()))


def test_a_summary_that_lacks_a_field_does_not_fit_it(content):
    without = {name: value for name, value in content.items() if name != "claims"}
    with pytest.raises(jsonschema.ValidationError, match="claims"):
        jsonschema.validate(without, json.loads(PUBLISHED.read_text()))


if __name__ == "__main__":
    PUBLISHED.write_text(json.dumps(schema(), indent=2, ensure_ascii=False) + "\n")
