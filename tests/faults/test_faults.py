"""Nothing that the bank told is lost or applied twice, whatever is killed meanwhile (TRUST W14, W15, S11)."""

import json
import random
import signal
import time

from .conftest import COMPANIES, Sender


def deliver_some(place, count, prefix, a_second=0):
    """A change each, told at that rate; the sender, when all were answered."""
    sender, began = Sender(place), time.monotonic()
    for number in range(count):
        if a_second:
            time.sleep(max(0.0, began + number / a_second - time.monotonic()))
        event = place.change(f"agr-{number % COMPANIES}", number)
        sender.put(f"{prefix}_{number}", json.dumps(event).encode())
    sender.finish()
    return sender


def assert_all_applied(place, count):
    ours, bank = place.stands()
    assert ours == bank
    assert place.inbox() == {"done": count}


def test_the_bank_has_its_answer_at_once_while_the_broker_is_mute_or_gone(place):
    """W14: 1,000 at 50 a second; p99 < 500 ms; applied once the broker is back."""
    place.signal_valkey(signal.SIGSTOP)
    mute = deliver_some(place, 500, "mute", a_second=50)
    place.signal_valkey(signal.SIGCONT)
    place.kill_valkey()
    gone = deliver_some(place, 500, "gone", a_second=50)
    figures = {"mute": mute.quantile(0.99), "gone": gone.quantile(0.99)}
    assert max(figures.values()) < 0.5, figures
    assert mute.tries == gone.tries == 500
    place.start_valkey()
    took = place.until_drained(60)
    print(
        f"p99 in ms: { ({name: round(value * 1000) for name, value in figures.items()}) }, applied after {took:.1f} s"
    )
    assert_all_applied(place, 1000)


def test_ten_thousand_deliveries_survive_three_killed_workers_and_a_killed_broker(place):
    """W15: 30 % duplicates, in any order. Each change that was seen is one line of history, with the figures of its time."""
    chance, history, plan, before = random.Random(5), {}, [], place.stands()[0]
    for number in range(7000):
        plan += [(number, "change", number), (number + chance.randrange(1, 2000), "tell", number)]
    for number in chance.sample(range(7000), 3000):
        plan.append((number + chance.randrange(1, 4000), "tell", number))
    plan.sort()
    snapshots = dict(place.rows("SELECT id, 1 FROM financing_creditsnapshot"))
    kills = {2500: "worker", 4000: "valkey", 5000: "worker", 7500: "worker"}
    bodies, told, sender, began = {}, 0, Sender(place), time.monotonic()
    for _position, deed, number in plan:
        if deed == "change":
            identity = f"agr-{chance.randrange(COMPANIES)}"
            event = place.change(identity, number)
            history[identity, event["data"]["sequence"]] = event["data"]["credit"]["used"]
            bodies[number] = json.dumps(event).encode()
            continue
        sender.put(f"all_{number}", bodies[number])
        told += 1
        while sender.todo.qsize() > 200:  # the bank moves on as it tells
            time.sleep(0.01)
        if kills.get(told) == "worker":
            place.kill("worker")
            place.start("worker")
        elif kills.get(told) == "valkey":
            place.kill_valkey()
            place.start_valkey()
    sender.finish()
    delivered = time.monotonic() - began
    drained = place.until_drained(120)
    assert_all_applied(place, 7000)
    assert place.rows("SELECT sum(deliveries) FROM financing_providerevent") == [(10_000,)]
    lines = place.rows(
        "SELECT s.id, a.provider_reference, s.sequence, s.used::text FROM financing_creditsnapshot s"
        " JOIN financing_agreement a ON a.id = s.agreement_id ORDER BY a.provider_reference, s.sequence"
    )
    new = [(identity, sequence, used) for pk, identity, sequence, used in lines if pk not in snapshots]
    assert all(history[identity, sequence] == used for identity, sequence, used in new)
    assert len({(identity, sequence) for identity, sequence, _used in new}) == len(new)
    assert before != place.stands()[0] and len(new) >= COMPANIES
    print(
        f"10,000 deliveries in {delivered:.1f} s, drained {drained:.1f} s later, ack p99"
        f" {sender.quantile(0.99) * 1000:.0f} ms, {len(new)} lines of history for 7000 changes"
    )


def test_a_worker_killed_in_the_middle_of_a_reading_leaves_nothing_behind(place):
    def slow(_request):
        time.sleep(3)

    place.bank.answers[("GET", "/v1/agreements/agr-0")] = slow
    asked = len(place.bank.calls("GET", "/v1/agreements/agr-0"))
    deliver_some(place, 1, "mid")
    while len(place.bank.calls("GET", "/v1/agreements/agr-0")) == asked:
        time.sleep(0.05)
    place.kill("worker")
    place.start("worker")
    place.until_drained(60)
    assert_all_applied(place, 1)


def test_a_broker_that_forgot_everything_costs_a_tick(place):
    place.kill("worker")
    deliver_some(place, 50, "flush")
    place.servers._valkey().flushall()
    place.start("worker")
    place.until_drained(60)
    assert_all_applied(place, 50)


def test_a_database_that_crashes_is_used_again_when_it_is_back(place):
    sender = Sender(place)
    for number in range(300):
        sender.put(f"crash_{number}", json.dumps(place.change(f"agr-{number % COMPANIES}", number)).encode())
        if number == 100:
            place.restart_postgres()
    sender.finish()
    assert place.until_drained(60) < 30
    assert_all_applied(place, 300)


def test_a_second_beat_does_no_harm(place):
    place.start("beat2")
    before = place.rows("SELECT count(*) FROM financing_creditsnapshot")[0][0]
    deliver_some(place, COMPANIES, "beats")
    place.until_drained(60)
    time.sleep(11)  # both have ticked
    place.kill("beat2")
    assert_all_applied(place, COMPANIES)
    assert place.rows("SELECT count(*) FROM financing_creditsnapshot")[0][0] - before <= COMPANIES


def test_a_worker_that_hears_nothing_any_more_is_started_anew_and_ends_when_it_is_asked(place):
    """S8: nothing is sent, so it must think itself deaf; what wakes the new one is heard."""
    place.kill("beat")
    place.kill("worker")
    place.start("kept", WORKER_DEAF_AFTER="3")
    kept, began = place.processes["kept"], time.monotonic()
    while "is started anew" not in (place.state / "run.log").read_text():
        assert time.monotonic() - began < 40, place.tail()
        time.sleep(0.2)
    assert kept.poll() is None
    deliver_some(place, 1, "heard")
    place.until_drained(30)
    kept.terminate()
    assert kept.wait(25) == 0
    assert_all_applied(place, 1)


def test_the_way_through_the_queue_leaves_its_mark(place):
    place.run("-c", "import django; django.setup(); from financing.tasks import beat; beat.delay()")
    began = time.monotonic()
    while not place.rows("SELECT at FROM financing_workerbeat WHERE at > now() - interval '10 seconds'"):
        assert time.monotonic() - began < 10
        time.sleep(0.1)
