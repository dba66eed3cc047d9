"""What is said of a configuration that does not fit, and what is no configuration at all."""

from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from news_ingestion.providers.configuration import read_model, refuse_secrets


class FilingsConfig(BaseModel):
    """A configuration with each way of being wrong."""

    model_config = ConfigDict(extra="forbid")

    cik: Annotated[str, Field(pattern="^[0-9]{10}$")] = "0000320193"
    forms: list[Literal["10-K", "8-K"]] = Field(default_factory=list)
    first: int = 0
    last: int = 9

    @field_validator("cik")
    @classmethod
    def _known(cls, cik: str) -> str:
        if cik == "0000000000":
            raise ValueError("no company has this number.")
        return cik

    @model_validator(mode="after")
    def _ordered(self) -> "FilingsConfig":
        if self.first > self.last:
            raise ValueError("first must not be after last")
        return self


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"cik": "hunter2"}, "cik: String should match pattern '^[0-9]{10}$'"),
        ({"forms": ["8-K", "hunter2"]}, "forms.1: Input should be '10-K' or '8-K'"),
        ({"hunter": 2}, "hunter: Extra inputs are not permitted"),
        ({"cik": "0000000000"}, "cik: no company has this number"),
        ({"first": 10}, "first must not be after last"),
    ],
)
def test_what_does_not_fit_is_said_in_one_sentence_without_the_value(config, sentence):
    with pytest.raises(ValueError, match=r"\w") as caught:
        read_model(FilingsConfig, config)

    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    "config",
    [
        {"token": "x"}, {"api_key": "x"}, {"apiKey": "x"}, {"API-KEY": "x"}, {"accesstoken": "x"}, {"Password": "x"},
        {"login": {"client_secret": "x"}}, {"headers": [{"Authorization": "x"}]},
        {"bearer": "x"}, {"passcode": "x"}, {"pass_code": "x"}, {"authentication": "x"}, {"signature": "x"},
        {"headers": {"Cookie": "x"}}, {"sessionid": "x"}, {"session_id": "x"}, {"JSESSIONID": "x"}, {"phpSessId": "x"},
        {"jwt": "x"}, {"idJWT": "x"}, {"pass-key": "x"}, {"OAuth": "x"}, {"sig": "x"},
    ],
)  # fmt: skip
def test_a_secret_is_refused_as_a_setting_of_a_source(config):
    with pytest.raises(ValueError, match="a secret belongs in the settings of the service"):
        refuse_secrets(config)


def test_what_only_sounds_like_a_secret_is_none():
    refuse_secrets({"q": "token sale", "keyword": "key", "monkey": 1, "passenger": {"turnkey": True}})
    refuse_secrets(
        {"session": "pre-market", "sessions": [], "author": "x", "design": "x", "passing_words": "x", "id": "x"}
    )
