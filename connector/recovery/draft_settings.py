"""Words to patients: what an admin may set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

Language: TypeAlias = Literal["en", "es"]

Words: TypeAlias = Annotated[str, Field(max_length=60, pattern=r"^[^\x00-\x1f{}\[\]<>]*$")]


class DraftSettings(BaseModel):
    """Drafts of what is said or written to patients; a person uses them, changes them or not."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    show: bool = Field(
        default=True, description="Whether tickets show words that may be said or written."
    )
    language: Language = Field(
        default="en", description="Language of drafts where the patient's is not known: en or es."
    )
    answers: bool = Field(
        default=True,
        description="Whether `amends provision` makes macros (Zendesk) or canned responses "
        "(Freshdesk) of the e-mail and closing texts.",
    )
    answer_languages: tuple[Language, ...] = Field(
        default=(),
        max_length=2,
        description="In which languages it makes them; empty: in `language` alone.",
    )
    folder: Path | None = Field(
        default=None,
        description="Folder with texts of your own, file by file: en/email.txt, es/sms.txt, "
        "en/say.visit.wait.txt ...; what is not there is ours.",
    )
    contact: Words = Field(
        default="", description="Whom patients should ask for; empty: nobody is named."
    )
    site: Words = Field(
        default="", description="Name of the place in words to patients; a site says its own."
    )
    sms_sender: Words = Field(
        default="",
        description="Who a text message is from; empty: the practice's name. A name that tells "
        "the specialty has no place on a locked screen.",
    )
