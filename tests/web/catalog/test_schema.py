"""A lesson is read strictly: every mistake is named with its file and line, what was found and what was wanted."""

from collections.abc import Callable
from pathlib import Path

import pytest

from catalog.errors import LessonRefused
from catalog.lesson import Lesson, Option, Value
from catalog.schema import read_lesson, read_track

LESSON = """\
format: 1
title: A pod, and another
summary: Two pods are more than one.
minutes: 5
objectives: [Count to two.]
cluster: {template: harbour, apply: [start/app.yaml], settle_s: 30}
steps:
  - id: first
    title: One pod
    question:
      id: where
      ask: Where does [[pod/web-1]] land?
      options: {value: {resource: nodes, path: metadata.name}}
      answer: {value: {resource: pods, labels: app=web, path: spec.nodeName, newest: true}}
      reveal: two
      right: It has room.
      wrong: Look again.
    checks:
      - {id: one, say: There is a pod, state: {resource: pods, labels: app=web, count: {at_least: 1}}}
    hints: [Scale it.]
  - id: second
    title: Two pods
    figure: {kind: wanted-ready, resource: deployments.apps, namespace: default, name: web, caption: Two.}
    checks:
      - id: two
        say: There are two of [[deployment/web|web]]
        all:
          - state: {resource: pods, where: [{path: status.phase, is: Running}, {path: 'metadata.labels["a.b/c"]', exists: false}], count: 2}
          - history: {seen: {type: command, note: "*scale*"}, times: {at_least: 1}}
      - id: never
        say: Nothing was deleted
        history: {never: {type: write, verb: delete, resource: pods}, since: {type: command}}
"""
TEXT = "## first\n\nLook at [[node-1]].\n\n## second\n\nNow two.\n"
SOLUTION = "do:\n  - shell: kubectl scale deployment web --replicas=2\n  - wait_s: 30\n  - predict: {question: where, option: node-1}\n"
WRONG = "why: Deleted one.\nstep: second\ndo: [{shell: kubectl delete pod x}]\npasses: [one]\nfails: [never]\n"

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """`write(lesson=…)` is a folder with a good lesson, some of its files replaced."""

    def lesson_folder(**replaced: str) -> Path:
        folder = tmp_path / "a-track" / "01-pods"
        files = {"lesson.yaml": LESSON, "text.md": TEXT, "solution.yaml": SOLUTION}
        files |= {"wrong/deleted.yaml": WRONG, "start/app.yaml": "kind: Pod\n"}
        names = {"lesson": "lesson.yaml", "text": "text.md", "solution": "solution.yaml", "wrong": "wrong/deleted.yaml"}
        files |= {names[name]: text for name, text in replaced.items()}
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return folder

    return lesson_folder


def problems(folder: Path) -> list[str]:
    with pytest.raises(LessonRefused) as refused:
        read_lesson(folder)
    return [str(problem).removeprefix("a-track/01-pods/") for problem in refused.value.problems]


def test_a_good_lesson_is_read_whole(write: Write) -> None:
    lesson = read_lesson(write())
    assert isinstance(lesson, Lesson)
    assert (lesson.ref, lesson.track, lesson.slug) == ("a-track/01-pods", "a-track", "01-pods")
    assert [step.id for step in lesson.steps] == ["first", "second"]
    assert lesson.setup.manifests == ("kind: Pod\n",)
    assert lesson.steps[0].text == {"en": "Look at [[node-1]]."}
    assert lesson.steps[1].checks[1].test == {
        "history": {"never": {"type": "write", "verb": "delete", "resource": "pods"}, "since": {"type": "command"}}
    }
    assert lesson.wrong[0].fails == ("never",)


def test_a_state_check_reaches_the_simulator_as_it_was_written(write: Write) -> None:
    test = read_lesson(write()).steps[1].checks[0].test
    assert test["all"][0] == {
        "state": {
            "resource": "pods",
            "where": [
                {"path": "status.phase", "is": "Running"},
                {"path": 'metadata.labels["a.b/c"]', "exists": False},
            ],
            "count": 2,
        }
    }


def test_options_may_be_read_from_the_cluster(write: Write) -> None:
    question = read_lesson(write()).steps[0].question
    assert question is not None
    assert question.options == Value(query={"resource": "nodes", "path": "metadata.name"})


def test_options_may_have_ids_of_their_own(write: Write) -> None:
    options = "[{id: a, text: The first}, {id: b, text: The second}]"
    text = LESSON.replace("{value: {resource: nodes, path: metadata.name}}", options)
    text = text.replace("{value: {resource: pods, labels: app=web, path: spec.nodeName, newest: true}}", "b")
    question = read_lesson(write(lesson=text)).steps[0].question
    assert question is not None
    assert question.options == (Option("a", "The first"), Option("b", "The second"))


def test_a_second_language_lies_beside_the_first(write: Write) -> None:
    folder = write()
    (folder / "text.de.md").write_text("## first\n\nEiner.\n\n## second\n\nZwei.\n")
    step = read_lesson(folder).steps[1]
    assert step.text == {"en": "Now two.", "de": "Zwei."}
    assert [step.text_in(language) for language in ("de-ch", "fr", None)] == ["Zwei.", "Now two.", "Now two."]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("minutes: 5", "minutes: five", "lesson.yaml:4: minutes: found a text ('five'), wanted a whole number"),
        ("minutes: 5", "minutes: 900", "lesson.yaml:4: minutes: found 900, wanted a whole number from 1 to 240"),
        ("format: 1", "format: 2", "lesson.yaml:1: format: found a whole number ('2'), wanted format 1, the one this version reads"),
        ("    title: One pod\n", "    titel: One pod\n", "lesson.yaml:9: steps[0].titel: found the unknown field 'titel', wanted one of the fields 'checks', 'figure', 'hints', 'id', 'question', 'title'"),
        ("    title: One pod\n", "    title: One pod\n    title: Again\n", "lesson.yaml:10: steps[0].title: found 'title' twice, wanted each field once"),
        ("template: harbour", "template: harbour, config: start/app.yaml", "lesson.yaml:6: cluster: found both, wanted exactly one of 'config', 'template'"),
        ("start/app.yaml", "../../secret.yaml", "lesson.yaml:6: cluster.apply[0]: found '../../secret.yaml', wanted a file inside the lesson's folder"),
        ("start/app.yaml", "start/none.yaml", "lesson.yaml:6: cluster.apply[0]: found 'start/none.yaml', which does not exist, wanted a file inside the lesson's folder"),
        ("reveal: two", "reveal: three", "lesson.yaml:1: the file: found 'three', wanted a check of this lesson to reveal by (one, two, never)"),
        ("      reveal: two\n", "", "lesson.yaml:14: steps[0].question.answer: found no 'reveal', wanted 'reveal' beside an answer that is read from the cluster"),
        ("{id: one, say", "{id: One, say", "lesson.yaml:19: steps[0].checks[0].id: found 'One', wanted small letters, digits and hyphens, beginning with a letter"),
        ("{id: one, say", "{id: two, say", "lesson.yaml:1: the file: found 'two' more than once, wanted each check id once in a lesson"),
        ("[[pod/web-1]]", "[[Pod/web-1]]", "lesson.yaml:12: steps[0].question.ask: found [[Pod/web-1]], wanted [[name]], [[kind/name]] or [[namespace/kind/name]], with |label if wished"),
        ("is: Running", "equals: Running", "lesson.yaml:28: steps[1].checks[0].all[0].state.where[0].equals: found the unknown field 'equals', wanted one of the fields 'at_least', 'at_most', 'contains', 'exists', 'in', 'is', 'is_not', 'matches', 'path'"),
        ("status.phase", "status..phase", "lesson.yaml:28: steps[1].checks[0].all[0].state.where[0].path: found 'status..phase', wanted a dotted path such as spec.containers[*].image or metadata.labels[\"a.b/c\"]"),
        ("type: write, verb", "type: wrote, verb", "lesson.yaml:32: steps[1].checks[1].history.never.type: found 'wrote', wanted one of command, fault, timer, write"),
        ("kind: wanted-ready", "kind: pie", "lesson.yaml:23: steps[1].figure.kind: found 'pie', wanted one of wanted-ready"),
    ],
    ids=[
        "text for a number", "number too large", "later format", "unknown field", "field twice", "two cluster sources",
        "file outside", "file missing", "unknown reveal", "answer without reveal", "bad id", "id twice", "bad chip",
        "unknown operator", "bad path", "unknown row type", "unknown figure",
    ],
)  # fmt: skip
def test_each_mistake_is_said_with_its_place(write: Write, old: str, new: str, said: str) -> None:
    assert LESSON.count(old) == 1
    assert said in problems(write(lesson=LESSON.replace(old, new)))


def test_all_mistakes_are_said_at_once(write: Write) -> None:
    text = LESSON.replace("minutes: 5", "minutes: five").replace("kind: wanted-ready", "kind: pie")
    assert len(problems(write(lesson=text))) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("## first\n\nOne.\n", "lesson.yaml:21: steps[1]: found none, wanted a section '## second' in text.md"),
        (TEXT + "\n## third\n\nThree.\n", "text.md:9: third: found a section without a step, wanted one of first, second"),
        ("Before.\n" + TEXT, "text.md:1: the file: found text before the first section, wanted '## <step id>' first"),
        ("## first\n\n## second\n\nTwo.\n", "text.md:1: first: found an empty section, wanted text"),
        (TEXT + "[[No Such]]", "text.md:5: second: found [[No Such]], wanted [[name]], [[kind/name]] or [[namespace/kind/name]]"),
    ],
    ids=["section missing", "section too many", "text before", "empty", "bad chip"],
)  # fmt: skip
def test_the_text_has_one_section_for_each_step(write: Write, text: str, said: str) -> None:
    assert said in problems(write(text=text))


def test_a_solution_does_one_thing_at_a_time(write: Write) -> None:
    said = problems(write(solution="do:\n  - {shell: ls, wait_s: 3}\n"))
    assert said == [
        "solution.yaml:2: do[0]: found shell, wait_s, wanted exactly one of shell, apply, fault, wait_s, predict"
    ]


def test_a_wrong_way_names_checks_that_exist(write: Write) -> None:
    said = problems(write(wrong=WRONG.replace("[never]", "[nothing]")))
    assert said == [
        "lesson.yaml:1: the file: found 'nothing', wanted checks of this lesson in wrong/deleted.yaml (one, two, never)"
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("format: [1", "lesson.yaml:1: the file: found expected ',' or ']', but got '<stream end>', wanted one YAML document"),
        ("a: &x [1]\nb: *x\n", "lesson.yaml:2: the file: found the alias *x, wanted no aliases"),
        ("- 1\n", "lesson.yaml:1: the file: found a list, wanted a mapping with 'cluster', 'format', 'minutes', 'objectives', 'steps', 'summary', 'title'"),
        ("title: !!python/object:os.system x\n", "lesson.yaml:1: title: found the tag tag:yaml.org,2002:python/object:os.system ('x'), wanted a text"),
    ],
    ids=["broken", "alias", "not a mapping", "tag"],
)  # fmt: skip
def test_yaml_that_is_no_lesson_is_refused(write: Write, text: str, said: str) -> None:
    assert said in problems(write(lesson=text))


def test_a_track_is_its_lessons_in_order(write: Write) -> None:
    track_folder = write().parent
    (track_folder / "track.yaml").write_text("title: A track\nsummary: Lessons.\norder: 3\n")
    track = read_track(track_folder)
    assert (track.title, track.order, [lesson.slug for lesson in track.lessons]) == ("A track", 3, ["01-pods"])


def test_a_refused_lesson_can_be_left_out_of_its_track(write: Write) -> None:
    track_folder = write(solution="do: 1\n").parent
    (track_folder / "track.yaml").write_text("title: A track\nsummary: Lessons.\norder: 3\n")
    refused: list[LessonRefused] = []
    assert read_track(track_folder, on_refused=refused.append).lessons == ()
    assert [str(problem) for problem in refused[0].problems] == [
        "a-track/01-pods/solution.yaml:1: do: found a whole number ('1'), wanted a list"
    ]
