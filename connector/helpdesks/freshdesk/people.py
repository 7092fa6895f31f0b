"""Who becomes the requester of a ticket.

An address is one person's: the product finds the contact or makes it. A number is not: families
and switchboards share one, and the product would take the first contact that has it. So
contacts are looked up by number first, in each form in which staff may have typed it.
"""

from __future__ import annotations

from connector.helpdesks.freshdesk.account import Account
from connector.helpdesks.freshdesk.tables import Json
from connector.parsing.people import phone_forms


def found_requester(account: Account, who: Json) -> Json:
    """Give how a patient is put into a ticket; empty when nobody can say who it is."""
    if "email" in who:
        return dict(who)
    number = str(who["phone"])
    people: dict[int, Json] = {}
    for form in phone_forms(number):
        found = [*account.people(phone=form), *account.people(mobile=form)]
        people |= {one["id"]: one for one in found}
        if len(people) > 1:
            break  # nobody can say which of them called
    if not people:
        return {"phone": number, "name": who["name"]}
    if len(people) == 1:
        [(contact, one)] = people.items()
        if not who["named"] or _alike(str(who["name"]), str(one.get("name") or "")):
            return {"requester_id": contact}
    return {}


def _alike(one: str, other: str) -> bool:
    """Say whether two names may be one person's: all words of the shorter in the longer."""
    words = [set(name.casefold().replace(",", " ").split()) for name in (one, other)]
    return bool(words[0] and words[1]) and (words[0] <= words[1] or words[1] <= words[0])
