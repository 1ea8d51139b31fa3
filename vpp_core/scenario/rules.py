"""What every record of a scenario shares: fixed once made, nothing unknown, nothing infinite, no truth for a number."""

from __future__ import annotations

from typing import Any, get_origin

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator


class Rules(BaseModel):
    """A validated record of a scenario."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_for_a_number(cls, value: Any, info: ValidationInfo) -> Any:
        """`"homes": true` would be one home."""
        wanted = cls.model_fields[info.field_name or ""].annotation
        given = value if isinstance(value, list | tuple) else (value,)
        if isinstance(value, dict) and get_origin(wanted) is dict:
            given = tuple(value.values())
        if wanted is not bool and any(isinstance(one, bool) for one in given):
            raise ValueError("true and false are no values of it")
        return value
