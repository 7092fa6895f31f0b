"""A product that can be set up over its API: `Provisions`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

import pytest

from connector.domain.blueprint import Action, Blueprint, PlannedStep, WantedField
from connector.domain.errors import AuthenticationFailed, EdgeError, OutcomeUnknown, Rejected
from connector.helpdesks.base import Helpdesk, Provisions
from connector.recovery.blueprint import blueprint
from connector.recovery.settings import RecoverySettings
from connector.testing.helpdesk.world import Base, HelpdeskWorld, offered

WANTED: Final = blueprint(RecoverySettings())
DONE: Final = frozenset({Action.CREATE, Action.CHANGE, Action.REMOVE})
"""What is carried out; the rest is told."""


class ProvisioningContract(Base):
    """Set up once, never twice, and nothing of others is touched.

    The world offers `open_bare` (an account that has nothing of ours), and `setup` (everything
    that is set up in the account, read without the plugin).
    """

    @pytest.fixture
    def bare(self, world: HelpdeskWorld) -> Iterator[Provisions]:
        """Open a helpdesk that can be set up, on an account that has nothing of ours."""
        helpdesk: Helpdesk = world.open()
        if not isinstance(helpdesk, Provisions):
            helpdesk.close()
            pytest.skip("this product cannot be set up over its API")
        helpdesk.close()
        helpdesk = offered(world, "open_bare")()
        assert isinstance(helpdesk, Provisions)
        yield helpdesk
        helpdesk.close()

    def test_a_plan_tells_everything_and_changes_nothing(
        self, world: HelpdeskWorld, bare: Provisions
    ) -> None:
        """Each wanted thing is a step; what a person has to do is said in words."""
        before = setup_of(world)
        steps = bare.plan(WANTED)
        assert setup_of(world) == before
        told = {step.name for step in steps}
        for part in (WANTED.fields, WANTED.views, WANTED.slas):
            assert {one.name for one in part} <= told
        assert all(step.title and step.kind for step in steps)
        assert all(bool(step.manual) is (step.action is Action.MANUAL) for step in steps)
        assert all(not step.id for step in steps if step.action is Action.CREATE)
        assert not [step for step in steps if step.action is Action.REMOVE]

    def test_applied_once_there_is_nothing_left_to_do(self, bare: Provisions) -> None:
        """What only a person can do stays told until a person did it."""
        first = apply(bare, WANTED)
        again = bare.plan(WANTED)
        assert [step for step in again if step.action in DONE] == []
        assert {step.name for step in again} == {step.name for step in first}
        by_hand = [step.name for step in first if step.action is Action.MANUAL]
        assert [step.name for step in again if step.action is Action.MANUAL] == by_hand

    def test_carrying_a_step_out_twice_is_harmless(
        self, world: HelpdeskWorld, bare: Provisions
    ) -> None:
        """As after a crash between doing it and telling of it."""
        steps = apply(bare, WANTED)
        before = setup_of(world)
        for step in steps:
            if step.action in DONE:
                bare.carry_out(step, WANTED)
        assert setup_of(world) == before

    def test_a_lost_answer_while_applying_makes_nothing_twice(
        self, world: HelpdeskWorld, bare: Provisions
    ) -> None:
        """Running it again is all that a person has to do."""
        owed = [step for step in bare.plan(WANTED) if step.action in DONE]
        if not owed:
            pytest.skip("nothing of this product is set up over its API")
        with world.lose_answer(1), pytest.raises((OutcomeUnknown, EdgeError)):
            bare.carry_out(owed[0], WANTED)
        apply(bare, WANTED)
        titles = Counter(title for title in setup_of(world).values())
        assert [title for title, count in titles.items() if count > 1] == []
        assert [step for step in bare.plan(WANTED) if step.action in DONE] == []

    def test_what_others_set_up_is_left_alone(self, world: HelpdeskWorld, bare: Provisions) -> None:
        """By applying and by removing; also when it looks like ours."""
        offered(world, "set_up_by_hand")()
        foreign = setup_of(world)
        apply(bare, WANTED)
        assert setup_of(world).items() >= foreign.items()
        apply(bare, WANTED, remove=True)
        assert setup_of(world) == foreign

    def test_removing_takes_ours_away_and_ends(
        self, world: HelpdeskWorld, bare: Provisions
    ) -> None:
        """What goes with a field is said before."""
        before = setup_of(world)
        apply(bare, WANTED)
        owed = [step for step in bare.plan(WANTED, remove=True) if step.action in DONE]
        assert {step.action for step in owed} <= {Action.REMOVE}
        fields = {one.name for one in WANTED.fields if one.filled_by == "agents"}
        assert all(step.changes for step in owed if step.kind == "field" and step.name in fields)
        apply(bare, WANTED, remove=True)
        assert setup_of(world) == before
        assert [step for step in bare.plan(WANTED, remove=True) if step.action in DONE] == []

    def test_a_title_that_people_changed_is_not_fought(
        self, world: HelpdeskWorld, bare: Provisions
    ) -> None:
        """The words that agents read are theirs once the thing is there."""
        rename = offered(world, "rename_by_hand")
        apply(bare, WANTED)
        made = next((s for s in bare.plan(WANTED) if s.id and s.name == "root_cause"), None)
        if made is None:
            pytest.skip("nothing of this product is set up over its API")
        rename(made, "Why it went wrong")
        after = [step for step in apply(bare, WANTED) if step.name == "root_cause"]
        assert [step.action for step in after] == [Action.KEEP]
        assert "Why it went wrong" in setup_of(world).values()

    def test_a_choice_that_came_in_addition_is_added_and_none_is_taken_away(
        self, bare: Provisions
    ) -> None:
        """Agents may have used what is no longer wanted."""
        apply(bare, WANTED)
        cause = next(field for field in WANTED.fields if field.name == "root_cause")
        if not [s for s in bare.plan(WANTED) if s.name == cause.name and s.id]:
            pytest.skip("nothing of this product is set up over its API")
        more = replace(cause, choices={**cause.choices, "weather": "Bad weather"})
        [step] = [s for s in bare.plan(with_field(more)) if s.name == cause.name]
        assert step.action is Action.CHANGE
        assert any("Bad weather" in line for line in step.changes)
        bare.carry_out(step, with_field(more))
        for field in (more, cause):
            [step] = [s for s in bare.plan(with_field(field)) if s.name == cause.name]
            assert step.action is Action.KEEP

    def test_a_target_that_was_changed_follows_the_settings(self, bare: Provisions) -> None:
        """Old and new stand in the plan."""
        first = apply(bare, WANTED)
        if not [step for step in first if step.kind == "sla" and step.action is Action.CREATE]:
            pytest.skip("no service level of this account is set up over its API")
        policy = WANTED.slas[-1]
        targets = tuple(replace(one, contact_minutes=30) for one in policy.targets)
        wanted = replace(WANTED, slas=(*WANTED.slas[:-1], replace(policy, targets=targets)))
        [step] = [one for one in bare.plan(wanted) if one.action in DONE]
        assert (step.action, step.kind, step.name) == (Action.CHANGE, "sla", policy.name)
        assert step.changes
        bare.carry_out(step, wanted)
        assert [one for one in bare.plan(wanted) if one.action in DONE] == []

    def test_a_step_for_people_cannot_be_carried_out(self, bare: Provisions) -> None:
        """It is refused, not silently skipped."""
        manual = [step for step in bare.plan(WANTED) if step.action is Action.MANUAL]
        if not manual:
            pytest.skip("everything of this product is set up over its API")
        with pytest.raises(Rejected):
            bare.carry_out(manual[0], WANTED)

    def test_refused_credentials_are_said_by_the_plan(self, world: HelpdeskWorld) -> None:
        """As by every call."""
        helpdesk = world.open_locked_out()
        if not isinstance(helpdesk, Provisions):
            pytest.skip("this product cannot be set up over its API")
        with pytest.raises(AuthenticationFailed):
            helpdesk.plan(WANTED)
        helpdesk.close()


def apply(bare: Provisions, wanted: Blueprint, *, remove: bool = False) -> list[PlannedStep]:
    """Plan and carry out what can be; gives the plan."""
    steps = bare.plan(wanted, remove=remove)
    for step in steps:
        if step.action in DONE:
            bare.carry_out(step, wanted)
    return steps


def setup_of(world: HelpdeskWorld) -> Mapping[str, str]:
    """Give everything that is set up in the account, by the product's id: its title."""
    found: Mapping[str, str] = offered(world, "setup")()
    return dict(found)


def with_field(changed: WantedField) -> Blueprint:
    """Give the blueprint with one field as it is wanted now."""
    fields = tuple(changed if one.name == changed.name else one for one in WANTED.fields)
    return replace(WANTED, fields=fields)
