"""Laws of what a study declares: its page, paper, sentences and configs."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable

from unseen.contracts.study import identity
from unseen.testing.laws import LawBroken, require
from unseen.testing.study_case import StudyCase

SECTIONS = ("What the paper claims", "What was run", "What differs", "What was found")
"""Headings of a study's page, each at the beginning of a line."""


def page_has_its_sections(case: StudyCase) -> None:
    """The page says what the paper claims, what was run, what differs and what was found, each in some words."""
    page = case.page
    require(len(page.split("\n\n")[0].split()) > 3, "the page does not begin with a sentence")
    places = []
    for heading in SECTIONS:
        found = re.search(rf"^{heading}\b[^\n]*\n(?:[ \t]*\n)*[ \t]+\S", page, re.MULTILINE)
        if not found:
            raise LawBroken(f"the page has no section {heading!r} with text under it")
        places.append(found.start())
    require(places == sorted(places), f"the sections stand in another order than {', '.join(SECTIONS)}")


def paper_is_in_the_catalogue(case: StudyCase) -> None:
    """A study of the catalogue names its paper's id; one of another package takes no name of the catalogue."""
    from unseen.catalogue import load

    paper = case.study.paper
    require(paper.strip(), "the study names no paper")
    if re.fullmatch(r"\d+", paper):
        require(paper in {known.id for known in load()}, f"no paper {paper!r} in the catalogue")
    else:
        require(paper not in {known.key for known in load()}, f"{paper!r} is a key of the catalogue: name the id")


def claims_and_conditions_are_sentences(case: StudyCase) -> None:
    """Claims are different sentences that end in a full stop; every condition and gate says what it is."""
    texts = [claim.text for claim in case.study.claims]
    require(len(set(texts)) == len(texts), "two claims say the same")
    for text in texts:
        require(len(text.split()) > 4 and text.endswith("."), f"no sentence: {text!r}")
    for name, about in case.study.conditions.items():
        require(about.strip(), f"condition {name!r} does not say what it is")
    for claim in case.study.claims:
        for gate in claim.gates:
            require(gate.text.strip(), f"a gate of {claim.text!r} does not say what it asks")


def config_fields_are_classified(case: StudyCase) -> None:
    """Every scale is a frozen dataclass whose fields all say whether they change the result, and what they mean."""
    from unseen.engine.store import config_hash

    for scale, config in case.study.scales.items():
        require(dataclasses.is_dataclass(config) and not isinstance(config, type), f"scale {scale!r} is no dataclass")
        require(type(config).__dataclass_params__.frozen, f"the config of scale {scale!r} is not frozen")
        try:
            identity(config)
            config_hash(config)
        except (TypeError, ValueError) as error:
            raise LawBroken(f"scale {scale!r}: {error}") from error
        for declared in dataclasses.fields(config):
            require(declared.metadata.get("meaning", "").strip(), f"field {declared.name!r} does not say what it means")
    kinds = {type(config) for config in case.study.scales.values()}
    require(len(kinds) == 1, f"the scales are of different classes: {sorted(kind.__name__ for kind in kinds)}")
    hashes = {config_hash(config) for config in case.study.scales.values()}
    require(len(hashes) == len(case.study.scales), "two scales are the same")


def broken_experiment_is_declared(case: StudyCase) -> None:
    """The study says which exchange of conditions breaks it, and reads none from itself."""
    require(case.study.broken, "the study declares no broken experiment")
    for name, source in case.study.broken.items():
        require(name != source, f"reading {name!r} from itself breaks nothing")


DECLARATION_LAWS: tuple[Callable[[StudyCase], None], ...] = (
    page_has_its_sections,
    paper_is_in_the_catalogue,
    claims_and_conditions_are_sentences,
    config_fields_are_classified,
    broken_experiment_is_declared,
)
