"""Households in words: reasons for every field, limits, hostile texts, batches."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vpp_core.errors import InputError
from vpp_core.fleet.bess import BESS
from vpp_core.fleet.population import generate_fleet
from vpp_core.fleet.prosumer import Prosumer, prosumer_from_dict
from vpp_core.fleet.text import (
    MAX_CHARACTERS,
    ParsedHousehold,
    Refused,
    join_described,
    parse_household,
    parse_households,
    read_descriptions,
)
from vpp_core.fleet.text.batch import households_in
from vpp_core.fleet.text.products import PRODUCTS, find_products
from vpp_core.fleet.text.words import normalise

EXAMPLE = "Conservative homeowner with a Tesla Powerwall and 8 kW solar, needs reliable backup"


def test_every_field_says_where_it_came_from() -> None:
    parsed = parse_household(EXAMPLE)
    origins = {name: reason.origin for name, reason in parsed.provenance.items()}
    assert origins["category"] == origins["pv.capacity_kw"] == "said"
    assert origins["bess.capacity_kwh"] == origins["preferences.backup_power_hours"] == "inferred"
    assert origins["preferences.max_discharge_percent"] == origins["pv.tilt_deg"] == "default"
    assert "Powerwall" in parsed.provenance["bess.capacity_kwh"].why
    config = parsed.prosumer.model_dump()
    for section in ("bess", "pv", "preferences"):
        told = {name.split(".", 1)[1] for name in origins if name.startswith(f"{section}.")}
        assert told == set(config[section]) - {"energy_kwh"}


def test_a_parse_is_json_that_reads_back() -> None:
    data = json.loads(json.dumps(parse_household(EXAMPLE).to_dict()))
    assert prosumer_from_dict(data["household"]) == parse_household(EXAMPLE).prosumer
    assert data["parser"] == "grammar"


def test_the_same_words_give_the_same_household() -> None:
    assert parse_household(EXAMPLE) == parse_household(EXAMPLE)


def test_what_was_not_said_gives_way_to_what_was() -> None:
    parsed = parse_household("10 kWh battery, min SOC 60%, and a Leaf ready by 7 with 90%")
    assert parsed.prosumer.bess is not None and parsed.prosumer.bess.initial_soc == 0.6
    assert parsed.prosumer.evs[0].target_soc == 0.9
    assert parsed.provenance["bess.initial_soc"].origin == "inferred"


def test_a_device_named_again_is_the_same_and_one_named_beside_it_is_another() -> None:
    again = parse_household("I have a Powerwall and a Leaf. The Powerwall is new. The Leaf leaves at 8 am.").prosumer
    assert again.bess is not None and again.bess.capacity_kwh == 13.5
    assert [car.weekday_departure_hour for car in again.evs] == [8.0]
    assert len(parse_household("A Leaf and another Leaf").prosumer.evs) == 2
    assert len(parse_household("Two cars: a Leaf and a Bolt. The Leaf is blue.").prosumer.evs) == 2


def test_each_car_keeps_its_own_hours() -> None:
    cars = parse_household("A Bolt, a Leaf. The Bolt returns at 5 pm, the Leaf at 6 pm.").prosumer.evs
    assert [car.weekday_arrival_hour for car in cars] == [17.0, 18.0]


def test_energy_that_is_used_is_no_battery() -> None:
    home = parse_household("Solar 5 kW; we use 20 kWh a day").prosumer
    assert home.bess is None and home.pv is not None and home.pv.capacity_kw == 5.0


def test_contradictions_are_told_with_both_sayings() -> None:
    parsed = parse_household("My 6 kW solar is 9 kW.")
    assert parsed.prosumer.pv is not None and parsed.prosumer.pv.capacity_kw == 6.0
    assert len(parsed.contradictions) == 1 and "pv.capacity_kw" in parsed.contradictions[0]


@pytest.mark.parametrize("text", ["", "  \n ", "x" * (MAX_CHARACTERS + 1)])
def test_empty_and_overlong_texts_are_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"empty|shorten"):
        parse_household(text)


def test_a_refusal_names_the_field_and_not_the_words() -> None:
    with pytest.raises(InputError) as refused:
        parse_household("My gate code is 4711. A 5000 kWh battery.")
    assert "bess.capacity_kwh 5000 is above 200" in str(refused.value) and "4711" not in str(refused.value)


def test_what_a_text_says_of_other_homes_changes_nothing() -> None:
    honest = parse_household("Powerwall, 6 kW solar.")
    hostile = parse_household("Powerwall, 6 kW solar. All other homes have a minimum compensation of $0.001 per kWh.")
    assert hostile.prosumer == honest.prosumer
    assert any("other homes" in note for note in hostile.notes)


def test_a_hostile_text_in_a_batch_leaves_its_neighbours_alone() -> None:
    texts = ["10 kWh battery", "Set every household to aggressive. 3 kW solar", "Leaf"]
    alone = [parse_household(text) for text in texts]
    assert parse_households(texts) == alone


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_any_text_gives_a_valid_household_or_one_sentence(text: str) -> None:
    try:
        parsed = parse_household(text)
    except InputError as error:
        assert "\n" not in str(error)
    else:
        assert prosumer_from_dict(parsed.prosumer.model_dump()) == parsed.prosumer


FRAGMENTS = st.sampled_from(
    ["10 kWh", "battery", "no", "solar", "6 kW", ",", ".", "Leaf", "two", "Powerwall", "80%", "by 7am", "V2G", "and",
     "never", "$0.2/kWh", "backup", "8 hours", "aggressive", "cautious", "each", "-5 kW", "9999", "facing west"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(FRAGMENTS, max_size=25))
def test_any_heap_of_the_grammar_s_own_words_gives_a_valid_household_or_one_sentence(words: list[str]) -> None:
    try:
        parsed = parse_household(" ".join(words))
    except InputError as error:
        assert "\n" not in str(error)
    else:
        assert prosumer_from_dict(parsed.prosumer.model_dump()) == parsed.prosumer


@pytest.mark.parametrize("piece", ["no solar ", "10 kwh ", "a", "the ", "1,", "- ", "keep keep ", "($", "leaf "])
def test_no_text_takes_long(piece: str) -> None:
    text = (piece * MAX_CHARACTERS)[:MAX_CHARACTERS]
    started = time.perf_counter()
    parse_households([text])
    assert time.perf_counter() - started < 2.0


def test_a_batch_keeps_its_order_and_goes_on_after_a_failure() -> None:
    seen: list[tuple[int, int]] = []
    results = parse_households(
        ["Powerwall", "lorem ipsum", Prosumer(bess=BESS()), "Leaf"],
        progress=lambda done, all_: seen.append((done, all_)),
    )
    assert [type(result) for result in results] == [ParsedHousehold, Refused, Prosumer, ParsedHousehold]
    assert isinstance(results[1], Refused) and results[1].position == 1 and "nothing about" in results[1].reason
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert len(list(households_in(results))) == 3


def test_descriptions_are_read_from_text_csv_and_json() -> None:
    assert read_descriptions("# mine\nPowerwall\n\n6 kW solar\n", "raw/households.txt") == ["Powerwall", "6 kW solar"]
    assert read_descriptions("name,Description\nA,Leaf\nB,\n", "households.csv") == ["Leaf"]
    mixed = json.dumps(
        ["Leaf", {"description": "Bolt"}, {"bess": {"capacity_kwh": 10.0}}, parse_household(EXAMPLE).to_dict()]
    )
    text, other, home, parsed = read_descriptions(mixed, "households.json")
    assert (text, other) == ("Leaf", "Bolt")
    assert home == Prosumer(bess=BESS(capacity_kwh=10.0)) and parsed == parse_household(EXAMPLE).prosumer


@pytest.mark.parametrize(
    ("content", "name", "sentence"),
    [
        ("Leaf", "households.pdf", ".txt, .csv or .json"),
        ("", "households.txt", "describes no household"),
        ("a,b\n1,2\n", "households.csv", "no column description"),
        ("description\n" + "x" * 200_000, "households.csv", "is not CSV in line 2"),
        ("{", "households.json", "is not JSON"),
        ("[" * 100_000, "households.json", "is not JSON"),
        ("3", "households.json", "holds no list"),
        ("[3]", "households.json", "household 1 is neither"),
        ('[{"bess": {"capacity_kwh": 0.0}}]', "households.json", "household 1 is not valid: bess.capacity_kwh"),
    ],
)
def test_a_file_of_households_that_cannot_be_read_is_refused_in_a_sentence(
    content: str, name: str, sentence: str
) -> None:
    with pytest.raises(InputError) as refused:
        read_descriptions(content, name)
    assert sentence in str(refused.value) and "\n" not in str(refused.value)


def test_described_households_of_files_join_a_fleet_and_the_rest_is_told() -> None:
    fleet = generate_fleet(20, 1)
    files = {"households.txt": "Powerwall\nlorem ipsum\nLeaf and a Bolt\n", "households.csv": "text\n6 kW solar\n"}
    result = join_described(fleet, files)
    assert result.joined == 3 and len(result.fleet) == 23
    assert list(result.fleet.pv_capacity_kw[20:]) == [6.0, 0.0, 0.0]
    assert len(result.refused) == 1 and result.refused[0].startswith("households.txt, household 2: ")
    assert join_described(fleet, {}).fleet is fleet


def test_every_product_is_found_by_its_own_name_and_gives_a_valid_device() -> None:
    for product in PRODUCTS:
        mentions = find_products(normalise(f"we have a {product.name} here"))
        assert [mention.product.name for mention in mentions] == [product.name]
        parse_household(f"We have a {product.name}.")
