"""People: numbers, addresses and names as tables and headers write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.parsing.people import (
    MAX_NAME_CHARS,
    clean_name,
    compatible_names,
    email_address,
    email_key,
    phone_e164,
    phone_forms,
)


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("(415) 555-2671", "+14155552671"),
        ("4155552671", "+14155552671"),
        ("1-415-555-2671", "+14155552671"),
        ("4155552671.0", "+14155552671"),  # a spreadsheet made a float of it
        ("'+91 99999 12345", "+919999912345"),  # a survey tool marked it as text
        ("+49 30 901820", "+4930901820"),
        ("011 49 30 901820", "+4930901820"),
        ("415-555-2671 ext. 12", "+14155552671"),
        ("415-555-2671 x12", "+14155552671"),
        ("415-555-2671x12", "+14155552671"),
        ("tel:+1-415-555-2671", "+14155552671"),
        ("sip:+14155552671@pbx.example.com", "+14155552671"),
        ("\u200e+1 415\u00a0555\u00a02671\u202c", "+14155552671"),
    ],
)
def test_a_number_is_understood_however_it_is_written(written, number):
    assert phone_e164(written, "US") == number


@pytest.mark.parametrize(
    "written",
    [
        "",
        "911",
        "1001",
        "5552671",  # no area code: a local number
        "anonymous",
        "Restricted",
        "unknown",
        "4.15555E+09",  # digits are lost
        "0000000000",
        "9999999999",
        "+",
        "12",
        "1" * 10_000,
        "jane@example.com",
        "2026-11-02 10:15:00",
    ],
)
def test_what_is_no_number_is_no_number(written):
    assert phone_e164(written, "US") == ""


def test_the_region_decides_about_numbers_without_a_country():
    assert phone_e164("030 901820", "DE") == "+4930901820"
    assert phone_e164("030 901820", "US") == ""


def test_emergency_numbers_of_other_regions_are_no_numbers_either():
    assert [phone_e164(number, "DE") for number in ("110", "112", "115")] == ["", "", ""]


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("Jane.Doe@Example.COM", "Jane.Doe@example.com"),
        ("Jane Doe <jane@example.com>", "jane@example.com"),
        ("<jane@example.com>", "jane@example.com"),
        ("mailto:jane@example.com?subject=Hi", "jane@example.com"),
        (" jane+survey@example.co.uk ", "jane+survey@example.co.uk"),
        ("用户@例子.广告", "用户@例子.广告"),
        ("root@localhost", "root@localhost"),
        ("anonymous", ""),
        ("jane@", ""),
        ("@example.com", ""),
        ("jane doe@example.com", ""),
        ("a@b..c", ""),
        ("a@b@c", ""),
        ("x" * 300 + "@example.com", ""),
    ],
)
def test_an_address_is_bare_with_its_domain_in_lower_case(written, address):
    assert email_address(written) == address


def test_two_spellings_of_an_address_share_a_key():
    assert email_key("Jane@example.com") == email_key("JANE@example.com")


def test_a_name_is_one_clean_line():
    assert clean_name("  'Jane\r\n\tDoe' ") == "Jane Doe"
    assert clean_name("Jane\u202eeoD\x00") == "JaneeoD"
    assert len(clean_name("x" * 5_000)) == MAX_NAME_CHARS


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Jane Doe", "jane doe"),
        ("Jane Doe", "Doe, Jane"),
        ("Jane Doe", "Jane M. Doe"),
        ("J. Doe", "Jane Doe"),
        ("Jane", "Jane Doe"),
        ("Mrs. Jane Doe", "Jane Doe"),
        ("Jürgen Müller", "Jurgen Muller"),
        ("Bob Smith", "Robert Smith"),
        ("Robert", "Bob Smith"),
        ("Patrick O'Brien", "Patrick O\u2019Brien"),
        ("Maria García-López", "Maria Garcia Lopez"),
        ("John Smith, MD", "John Smith"),
        ("John Smith Jr.", "John Smith, Junior"),
        ("王伟", "王伟"),
    ],
)
def test_two_spellings_of_one_person_are_compatible(one, other):
    assert compatible_names(one, other)
    assert compatible_names(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("", ""),
        ("", "Jane Doe"),
        ("jane@example.com", "jane@example.com"),
        ("Jane Doe", "John Doe"),  # a couple with one mailbox
        ("Smith", "John Smith"),  # anybody of the family
        ("John and Mary Smith", "John Smith"),
        ("Mr. Smith", "Mrs. Smith"),
        ("John Smith Jr.", "John Smith"),
        ("John Smith Sr.", "John Smith Jr."),
        ("J. D.", "Jane Doe"),
        ("J", "Jane"),
        ("Maria Lopez", "Maria Garcia"),
        ("Dr.", "Mr."),
    ],
)
def test_in_doubt_two_names_are_not_compatible(one, other):
    assert not compatible_names(one, other)
    assert not compatible_names(other, one)


@given(st.text(max_size=300), st.sampled_from(["US", "DE", "GB", "", "ZZ"]))
def test_any_text_gives_an_e164_number_or_nothing(text, region):
    number = phone_e164(text, region)
    assert number == "" or (number[0] == "+" and number[1:].isdigit())


@given(st.text(max_size=300))
def test_any_text_gives_an_address_that_reads_back_or_nothing(text):
    address = email_address(text)
    assert address == "" or email_address(address) == address


@given(st.text(max_size=60), st.text(max_size=60))
def test_compatibility_never_fails_and_has_no_direction(one, other):
    assert compatible_names(one, other) == compatible_names(other, one)


@given(st.text(alphabet="abcXYZ éß.-'", min_size=1, max_size=30))
def test_a_name_with_a_word_in_it_fits_itself(name):
    words = name.replace(".", " ").replace("-", " ").replace("'", "").split()
    if any(len(word) > 1 for word in words):
        assert compatible_names(name, name)


@pytest.mark.parametrize(
    ("number", "form"),
    [
        ("+17205550161", "(720) 555-0161"),
        ("+17205550161", "7205550161"),
        ("+17205550161", "17205550161"),
        ("+17205550161", "+1 720-555-0161"),
        ("+493012345667", "03012345667"),
        ("+442079460123", "020 7946 0123"),
    ],
)
def test_a_number_is_looked_for_as_staff_write_it(number, form):
    assert phone_forms(number)[0] == number
    assert form in phone_forms(number)


@pytest.mark.parametrize("text", ["", "101", "anonymous", "+", "+999"])
def test_what_is_no_number_has_one_form(text):
    assert phone_forms(text)[0] == text
