from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from unseen import catalogue, registry
from unseen.errors import UsageError
from unseen.registry import load, locate, names, problem, select_studies, solver, study_name, study_page, suggest


@pytest.fixture
def guests(monkeypatch):
    """Entry points of other packages: call it with (group, name, target) triples."""

    def clear():
        registry.names.cache_clear()
        registry.study_names.cache_clear()

    def arrange(*points):
        found = [EntryPoint(name=name, group=f"unseen.{group}", value=target) for group, name, target in points]
        monkeypatch.setattr(registry, "entry_points", lambda group: [point for point in found if point.group == group])
        clear()

    clear()
    yield arrange
    monkeypatch.undo()
    clear()


@pytest.mark.parametrize("name", ["080", "80", " 080 ", "corrupted-labels", "Corrupted-Labels"])
def test_a_study_is_found_by_id_and_key(name):
    found = study_name(name)
    assert (found.id, found.key, found.area) == ("080", "corrupted-labels", "dynamics")
    assert load(found.target).paper == "080"
    assert study_page(found).startswith("To grok or not to grok")


def test_studies_are_told_apart_from_papers_without_one_and_from_no_paper():
    unstudied = next(
        paper for paper in catalogue.load() if paper.id not in {study.id for study in registry.study_names()}
    )
    for name in (unstudied.id, unstudied.id.lstrip("0"), unstudied.key):
        with pytest.raises(UsageError, match=rf"paper {unstudied.id} \({unstudied.key}\) has no study yet; studied: "):
            study_name(name)
    with pytest.raises(UsageError, match="no study named 'corupted-labels'; did you mean corrupted-labels"):
        study_name("corupted-labels")
    with pytest.raises(UsageError, match="no study named '999'; known: "):
        study_name("999")


def test_areas_select_their_studies_each_once():
    every = [study.id for study in registry.study_names() if study.area == "dynamics"]
    assert [study.id for study in select_studies(["dynamics"])] == every
    assert sorted(study.id for study in select_studies(["dynamics", "080", "corrupted-labels"])) == sorted(every)
    assert len(select_studies(["080", "80", "corrupted-labels"])) == 1
    assert select_studies([]) == ()
    with pytest.raises(UsageError, match="named 'dynamcs'; did you mean dynamics"):
        select_studies(["dynamcs"])


@pytest.mark.parametrize(
    ("kind", "wrong", "message"),
    [
        ("problems", "modular-adition", "no problem named 'modular-adition'; did you mean modular-addition"),
        ("solvers", "lookup", "no solver named 'lookup'; did you mean lookup-table?"),
        ("measures", "unit periodicity", "no measure named 'unit periodicity'; did you mean unit-periodicity?"),
        ("studies", "xyz", "no study named 'xyz'; known: 0"),
    ],
)
def test_unknown_names_are_answered_with_the_nearest(kind, wrong, message):
    with pytest.raises(UsageError) as caught:
        locate(kind, wrong)
    assert str(caught.value).startswith(message)


def test_suggestions_name_the_nearest_or_all():
    assert suggest("beta", ["alpha", "betas", "gamma"]) == "did you mean betas?"
    assert suggest("zzz", ["b", "a"]) == "known: a, b"


def test_parameters_are_checked_and_named():
    assert problem("modular-addition", modulus=13).splits["train"].size == round(0.5 * 13) + 2 * round(0.5 * 78)
    for parameters, message in [
        ({"modulus": 1}, "modular-addition: modulus must be a whole number from 2 to 4096, not 1"),
        ({"moduls": 7}, "modular-addition: .*unexpected keyword argument 'moduls'"),
        ({"train_fraction": 0.0}, r"modular-addition: train_fraction must lie in \(0, 1\), not 0.0"),
    ]:
        with pytest.raises(UsageError, match=message):
            problem("modular-addition", **parameters)
    with pytest.raises(UsageError, match="lookup-table"):
        solver("lookup-table", size=3)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("unseen.nowhere:thing", "cannot be imported: No module named 'unseen.nowhere'"),
        ("unseen.registry:thing", "does not exist: .*no attribute 'thing'"),
        ("not_installed_here.module:thing", "No module named 'not_installed_here'"),
    ],
)
def test_what_cannot_be_loaded_is_named_in_one_line(target, message):
    with pytest.raises(UsageError, match=message) as caught:
        load(target)
    assert str(caught.value).startswith(target)
    assert "\n" not in str(caught.value)


def test_a_dotted_attribute_is_found_inside_its_owner():
    assert load("unseen.registry:StudyName.__doc__") == registry.StudyName.__doc__


def test_other_packages_join_but_take_no_name_of_the_library(guests):
    guests(
        ("problems", "guest", "unseen.problems.algebra.modular:subtraction"),
        ("problems", "modular-addition", "somewhere:else"),
        ("studies", "Demo", "unseen.studies.dynamics.p080_corrupted_labels:study"),
        ("studies", "080", "somewhere:else"),
        ("studies", "corrupted-labels", "somewhere:else"),
    )
    assert problem("guest").name == "modular-subtraction"
    assert names("problems")["modular-addition"] == "unseen.problems.algebra.modular:addition"
    for name in ("Demo", "demo"):
        assert study_name(name).id == "Demo"
    assert study_name("080").target == study_name("corrupted-labels").target
    assert study_name("080").area == "dynamics"
    assert [study.id for study in registry.study_names()].count("080") == 1
    assert [study.id for study in registry.study_names()][-1] == "Demo"


def test_a_broken_package_is_named(guests):
    guests(("problems", "guest", "not_installed_here:thing"))
    with pytest.raises(UsageError, match="not_installed_here:thing cannot be imported"):
        problem("guest")
