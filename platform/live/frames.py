"""The wire between server and browser, one dataclass a message. docs/architecture.md, section 2, explains them.

`manage.py protocol_types` writes these as TypeScript to static/src/protocol/types.ts; a test fails when that is stale.
`t` tells the messages apart. Names are the wire's own, hence `from` is spelled `sender` only in Python.
"""

from dataclasses import dataclass
from typing import Any, Literal

Item = list[Any]


@dataclass(frozen=True, slots=True)
class Clock:
    """Simulated time: `at` microseconds when this was said, running at `speed` unless paused."""

    at: int
    speed: float
    paused: bool
    lagging: bool


@dataclass(frozen=True, slots=True)
class Me:
    """Who looks."""

    id: str
    name: str
    role: Literal["owner", "watcher"]


@dataclass(frozen=True, slots=True)
class Table:
    """All rows of a kind; a row has a value for each column."""

    cols: list[str]
    rows: list[list[Any]]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What the simulator says about one check of a lesson."""

    id: str
    passed: bool
    say: str


@dataclass(frozen=True, slots=True)
class Hello:
    """First answer on a connection; a snapshot or a delta follows."""

    t: Literal["hello"]
    gen: int
    ev: int
    clock: Clock
    me: Me
    watchers: list[str]


@dataclass(frozen=True, slots=True)
class Snap:
    """A part of the whole picture at event `ev`; the last part has `end`."""

    t: Literal["snap"]
    gen: int
    ev: int
    clock: Clock
    tables: dict[str, Table]
    part: int
    end: bool


@dataclass(frozen=True, slots=True)
class Delta:
    """Everything of the events `from < ev <= to`. A gap means: send `resync`."""

    t: Literal["delta"]
    gen: int
    since: int
    upto: int
    at: int
    items: list[Item]


@dataclass(frozen=True, slots=True)
class ClockFrame:
    """The clock was turned, or the cluster began or ceased to lag."""

    t: Literal["clock"]
    clock: Clock


@dataclass(frozen=True, slots=True)
class Reset:
    """Another branch of history: drop everything, a snapshot follows."""

    t: Literal["reset"]
    gen: int


@dataclass(frozen=True, slots=True)
class Watchers:
    """Who watches this cluster now."""

    t: Literal["watchers"]
    names: list[str]


@dataclass(frozen=True, slots=True)
class HintFrame:
    """A hint from the instructor; `at` is milliseconds since 1970."""

    t: Literal["hint"]
    id: int
    sender: str
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class HelpState:
    """The learner's open request."""

    id: int
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class HelpFrame:
    """The learner's request for help, as it stands now."""

    t: Literal["help"]
    help: HelpState | None


@dataclass(frozen=True, slots=True)
class Brought:
    """The instructor has brought the learner to the start of a step; `kept` names the cluster with what they did before."""

    t: Literal["brought"]
    step: str
    title: str
    sender: str
    kept: str | None


@dataclass(frozen=True, slots=True)
class Held:
    """Somebody holds the clocks of the whole class, or nobody does any more."""

    t: Literal["held"]
    by: str | None


@dataclass(frozen=True, slots=True)
class Presented:
    """A cluster that the class follows: whose, and where."""

    id: str
    name: str
    by: str
    url: str


@dataclass(frozen=True, slots=True)
class PresentFrame:
    """The class is to follow a cluster, or no longer."""

    t: Literal["present"]
    presented: Presented | None


@dataclass(frozen=True, slots=True)
class LessonFrame:
    """How far the learner is in the step they look at; `question` is the shape of the boot data."""

    t: Literal["lesson"]
    step: str
    checks: list[CheckResult]
    done: bool
    question: dict[str, Any] | None
    finished: bool


@dataclass(frozen=True, slots=True)
class FollowFrame:
    """More output of a followed command. `clear`: it replaces the screen; `then`: the rest of the line, to be run next."""

    t: Literal["follow"]
    id: str
    stdout: str
    done: bool
    exit: int | None
    then: str | None
    clear: bool


@dataclass(frozen=True, slots=True)
class Bye:
    """The server ends the connection. `reason`: `class-closed`, `deleted`, `too-many-sockets`, `bad-message`."""

    t: Literal["bye"]
    reason: str


@dataclass(frozen=True, slots=True)
class ClientHello:
    """First message of a page; `gen` and `ev` say where a reconnecting page stands."""

    t: Literal["hello"]
    gen: int | None
    ev: int | None


@dataclass(frozen=True, slots=True)
class Resync:
    """The page saw a gap, or another branch."""

    t: Literal["resync"]
    gen: int | None
    ev: int | None


@dataclass(frozen=True, slots=True)
class Ack:
    """The page has applied everything up to `ev`; sent each 64 frames or once a second."""

    t: Literal["ack"]
    ev: int


@dataclass(frozen=True, slots=True)
class Rate:
    """At most so many deltas a second, please."""

    t: Literal["rate"]
    hz: float


@dataclass(frozen=True, slots=True)
class Follow:
    """Stream a followed command, whose first reply gave `token`."""

    t: Literal["follow"]
    id: str
    token: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Unfollow:
    """Ctrl-C."""

    t: Literal["unfollow"]
    id: str


@dataclass(frozen=True, slots=True)
class StepShown:
    """The step of the lesson the learner looks at."""

    t: Literal["lesson"]
    step: str


@dataclass(frozen=True, slots=True)
class Wall:
    """First answer on a wall's connection; class and cards have the shapes of section 2.4."""

    t: Literal["wall"]
    group: dict[str, Any]
    cards: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Cards:
    """Cards that changed: only the fields that did, and `id`."""

    t: Literal["cards"]
    cards: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class View:
    """The cards in view; only these are kept live."""

    t: Literal["view"]
    ids: list[str]


@dataclass(frozen=True, slots=True)
class SendHint:
    """The instructor writes to a learner (membership `id`)."""

    t: Literal["hint"]
    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The instructor has dealt with a request (membership `id`)."""

    t: Literal["answered"]
    id: str


@dataclass(frozen=True, slots=True)
class ClassFrame:
    """What the instructor does with the whole class at the moment."""

    t: Literal["class"]
    group: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Points:
    """The steps that learners can be brought to."""

    t: Literal["points"]
    steps: list[str]


@dataclass(frozen=True, slots=True)
class AskOwn:
    """Which clusters of my own could I present?"""

    t: Literal["own"]


@dataclass(frozen=True, slots=True)
class Own:
    """The instructor's clusters: `id` and `name` of each."""

    t: Literal["own"]
    clusters: list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class AskPoints:
    """Which steps are there a way to?"""

    t: Literal["points"]


@dataclass(frozen=True, slots=True)
class Said:
    """What came of something the instructor asked for, in one sentence."""

    t: Literal["said"]
    text: str


@dataclass(frozen=True, slots=True)
class PauseAll:
    """Hold every learner's clock, or let it go."""

    t: Literal["pause"]
    on: bool


@dataclass(frozen=True, slots=True)
class BringTo:
    """Bring a learner (membership `id`), or everybody (null), to the start of a step."""

    t: Literal["bring"]
    step: str
    id: str | None


@dataclass(frozen=True, slots=True)
class PresentCluster:
    """Show a cluster of one's own to the class; null ends that."""

    t: Literal["present"]
    cluster: str | None


@dataclass(frozen=True, slots=True)
class Problem:
    """Something the page asked over the socket was refused; on a lab page: the cluster cannot be shown as it is."""

    t: Literal["problem"]
    code: str
    message: str


ServerMessage = (
    Hello
    | Snap
    | Delta
    | ClockFrame
    | Reset
    | Watchers
    | HintFrame
    | HelpFrame
    | Brought
    | Held
    | PresentFrame
    | LessonFrame
    | FollowFrame
    | Problem
    | Bye
)
ClientMessage = ClientHello | Resync | Ack | Rate | Follow | Unfollow | StepShown
WallServerMessage = Wall | Cards | ClassFrame | Points | Own | Said | Problem | Bye
WallClientMessage = View | SendHint | Answered | AskPoints | AskOwn | PauseAll | BringTo | PresentCluster

WIRE_NAMES: dict[tuple[str, str], str] = {
    ("Delta", "since"): "from",
    ("Delta", "upto"): "to",
    ("HintFrame", "sender"): "from",
    ("Brought", "sender"): "from",
    ("ClassFrame", "group"): "class",
    ("Wall", "group"): "class",
}
"""Fields whose wire name is a keyword in Python."""
