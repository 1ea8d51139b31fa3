"""Households in words: reasons for every field, limits, hostile texts, batches."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vpp_core.errors import InputError
from vpp_core.fleet.arrow import fleet_from_arrow, fleet_to_arrow, same_fleet
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


@settings(max_examples=60, deadline=None)
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


@settings(max_examples=80, deadline=None)
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
    assert read_descriptions("name,Description\nA,Leaf\n,\n", "households.csv") == ["Leaf"]
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
        ("x" * 200_000, "households.csv", "is not CSV in its first row"),
        ("description,text\nLeaf,Bolt\n", "households.csv", "several columns description or text"),
        ('["Leaf", {"bess": null, "bess": null}]', "households.json", "bess is there twice"),
        ("{", "households.json", "is not JSON"),
        ("[" * 100_000, "households.json", "is not JSON"),
        ("3", "households.json", "holds no list"),
    ],
)
def test_a_file_of_households_that_cannot_be_read_is_refused_in_a_sentence(
    content: str, name: str, sentence: str
) -> None:
    with pytest.raises(InputError) as refused:
        read_descriptions(content, name)
    assert sentence in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("content", "name", "reason"),
    [
        (
            "description,note\nLeaf,a\nPowerwall, 6 kW solar, Bolt\nBolt,b\n",
            "h.csv",
            "row 3 has 3 cells and the header 2",
        ),
        ("description,note\nLeaf,a\n,b\nBolt,c\n", "h.csv", "row 3 has no description"),
        ('description\nLeaf\n"Powerwall" and more\nBolt\n', "h.csv", "row 3 is not CSV"),
        ("description\nLeaf\n" + "x" * 200_000 + "\nBolt\n", "h.csv", "row 3 is not CSV"),
        ('["Leaf", 3, "Bolt"]', "h.json", "neither words nor a household"),
        ('["Leaf", {"bess": {"capacity_kwh": 0.0}}, "Bolt"]', "h.json", "bess.capacity_kwh 0 is below 1"),
        ('["Leaf", {"description": "Leaf", "evs": []}, "Bolt"]', "h.json", "a description and evs beside it"),
        ("Leaf\n6 kW solar \x1b[2J\nBolt\n", "h.txt", "control character U+001B"),
        ("Leaf\n6 kW solar \u202eVE\nBolt\n", "h.txt", "control character U+202E"),
    ],
)
def test_a_bad_household_of_a_file_is_named_with_its_reason_and_leaves_the_others(
    content: str, name: str, reason: str
) -> None:
    first, bad, last = parse_households(read_descriptions(content, name))
    assert isinstance(bad, Refused) and bad.position == 1 and reason in bad.reason
    assert isinstance(first, ParsedHousehold) and isinstance(last, ParsedHousehold)
    assert first.prosumer.evs[0].capacity_kwh == 40.0 and last.prosumer.evs[0].capacity_kwh == 65.0


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize(
    ("content", "name"), [("Leaf\n", "h.txt"), ("description\nLeaf\n", "h.csv"), ('["Leaf"]', "h.json")]
)
def test_a_byte_order_mark_does_not_keep_a_file_from_being_read(content: str, name: str, encoding: str) -> None:
    assert read_descriptions(content.encode(encoding), name) == ["Leaf"]
    assert read_descriptions("\ufeff" + content, name) == ["Leaf"]


def test_what_was_not_understood_is_listed_with_every_answer() -> None:
    parsed = parse_household("8 kW solar, Span panel, pool pump 1.5 kW, Powerwall with a Wibbleton 9000 gateway")
    told = " ".join(parsed.not_understood)
    assert all(words in told for words in ("span panel", "pool pump 1.5 kw", "wibbleton 9000 gateway"))
    assert parsed.to_dict()["not_understood"] == list(parsed.not_understood)
    assert parse_household("8 kW solar and a Powerwall").not_understood == ()


def test_what_is_planned_or_said_of_others_is_quoted_in_a_note() -> None:
    notes = " ".join(parse_household("6 kW solar. Planning a Powerwall. My neighbor has 12 kW.").notes)
    assert "planning a powerwall" in notes and "my neighbor has 12 kw" in notes


@pytest.mark.parametrize(
    "devices", ["8 kW solar, no battery, a Leaf", "a Leaf, no battery, 8 kW solar", "no battery, 8 kW solar and a Leaf"]
)
def test_a_no_speaks_of_the_device_after_it_and_of_nothing_before(devices: str) -> None:
    home = parse_household(devices).prosumer
    assert home.bess is None and home.pv is not None and home.pv.capacity_kw == 8.0
    assert [car.capacity_kwh for car in home.evs] == [40.0]


@pytest.mark.parametrize(
    "words", ["no battery or EV", "no solar, battery or EV", "neither a battery nor an EV", "no EV/battery"]
)
def test_a_no_reaches_along_an_or(words: str) -> None:
    home = parse_household(f"We live in a house, {words}").prosumer
    assert home.bess is None and home.evs == ()


def test_a_number_goes_to_its_own_device_and_never_to_one_of_another_kind() -> None:
    home = parse_household("12 kW PV with 30 kWh of storage, Leaf on a 30 A plug, pool pump 2 kW").prosumer
    assert home.bess is not None and home.pv is not None
    assert (home.bess.capacity_kwh, home.pv.capacity_kw) == (30.0, 12.0)
    assert (home.evs[0].capacity_kwh, home.evs[0].max_charge_kw) == (40.0, 7.2)
    assert parse_household("6 kW solar, 48 A breaker").not_understood == ("48 a breaker",)


@pytest.mark.parametrize(
    "words",
    ["Zeekr 7X with 100 kWh, home battery", "Lotus Eletre 112 kWh, home battery", "a Zeekr on a 32A charger, Leaf",
     "hot water tank of 9 kWh, home battery", "Wibbleton 9 kW, solar"],
)  # fmt: skip
def test_the_number_of_something_unknown_is_told_and_given_to_nothing_else(words: str) -> None:
    parsed, plain = parse_household(words), parse_household(words.split(", ")[1])
    assert parsed.prosumer == plain.prosumer
    assert any(character.isdigit() for character in " ".join(parsed.not_understood))


@pytest.mark.parametrize(
    ("words", "capacity_kwh"),
    [("two 14.3 kWh batteries", 28.6), ("2x 10 kWh LG batteries", 20.0), ("10 kWh battery x3", 30.0),
     ("4 batteries of 5 kWh", 20.0), ("20 kWh total storage in two 10 kWh units", 20.0),
     ("a 10 kWh and two 5 kWh batteries", 20.0)],
)  # fmt: skip
def test_a_count_before_an_energy_multiplies_it(words: str, capacity_kwh: float) -> None:
    bess = parse_household(words).prosumer.bess
    assert bess is not None and bess.capacity_kwh == capacity_kwh


@pytest.mark.parametrize(
    "words",
    ["24 panels of 400 W", "24 400 W panels", "24 x 400 W panels", "24 Q Cells 400W panels", "24 panels, 400 W each",
     "24 REC 400s", "9.6 kW of REC 400s", "9.6 kW DC (7.6 kW AC) of solar"],
)  # fmt: skip
def test_panels_are_counted(words: str) -> None:
    pv = parse_household(words).prosumer.pv
    assert pv is not None and pv.capacity_kw == 9.6


@pytest.mark.parametrize("times", ["leave at 6:30a, back 5p", "out 6:30 am, home 5 pm", "gone from 6:30a to 5p"])
def test_a_time_is_no_current(times: str) -> None:
    car = parse_household(f"{times}, Leaf").prosumer.evs[0]
    assert (car.weekday_departure_hour, car.weekday_arrival_hour, car.max_charge_kw) == (6.5, 17.0, 6.6)


def test_watts_before_a_direction_are_no_compass_point() -> None:
    pv = parse_household("8,200 W facing SW of solar").prosumer.pv
    assert pv is not None and (pv.capacity_kw, pv.azimuth_deg) == (8.2, 225.0)


def test_a_rate_plan_is_no_plan() -> None:
    home = parse_household("We are on the EV2-A plan with 8 kW of solar").prosumer
    assert home.pv is not None and home.pv.capacity_kw == 8.0
    assert parse_household("6 kW solar, planning for a Powerwall").prosumer.bess is None


def test_a_share_kept_for_outages_is_the_battery_s_and_a_charge_limit_is_the_car_s() -> None:
    home = parse_household("Powerwall, Model Y, leave 30% for outages").prosumer
    assert home.bess is not None and home.bess.min_soc == 0.3 and home.evs[0].min_departure_soc == 0.6
    assert parse_household("Leaf with its charge limit at 90%").prosumer.evs[0].target_soc == 0.9


def test_a_name_that_somebody_put_in_a_file_cannot_act_on_a_terminal() -> None:
    (bad,) = read_descriptions(json.dumps([{"\x1b[2Jgone" + "x" * 500: 1}]), "h.json")
    assert isinstance(bad, Refused) and bad.reason.isprintable() and len(bad.reason) < 150


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


def test_words_are_kept_where_a_model_speaks_for_homes_and_survive_the_table() -> None:
    fleet = generate_fleet(3, 1)
    files = {"households.txt": b"Powerwall and a Leaf\n\x1b bad\n6 kW solar, no battery\n"}
    joined = join_described(fleet, files, keep_words=True).fleet
    assert joined.words == {3: "Powerwall and a Leaf", 4: "6 kW solar, no battery"}
    assert same_fleet(fleet_from_arrow(fleet_to_arrow(joined)), joined)
    assert joined.take(np.array([4, 0])).words == {4: "6 kW solar, no battery"}
    assert not join_described(fleet, files).fleet.words
