"""How quick the napari plugin is: ``xvfb-run -a -s "-screen 0 1600x1000x24" python benchmarks/plugin.py``.

- *edit*: a lane, a band of the marker or an HMW boundary of a 2048 x 2048 blot of 15 lanes is dragged with the mouse;
  from letting go to the profile and scores of the whole pipeline drawn anew, and to the dose-response that follows.
- *work*: the processor's time of both threads of the plugin, from letting go to the numbers drawn, over that of
  `analysis.revised` alone with the same edit. Threads that draw instead of a graphics card are not counted.
- *start*: a napari window with the panel docked against one without, each in a process of its own, in turns.

Times of a busy machine say little: the processor's own time of the thread that draws is given beside them.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

GOAL_EDIT, GOAL_START = 0.100, 0.5  # s
GOAL_WORK = 1.5  # times the analysis

START = """
import time
begin = time.perf_counter(), time.process_time()
import napari
viewer = napari.Viewer(show=True)
if {docked}:
    viewer.window.add_plugin_dock_widget("ublot", "ublot")
from napari.qt import get_qapp
get_qapp().processEvents()
print(time.perf_counter() - begin[0], time.process_time() - begin[1])
viewer.close()
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edits", type=int, default=15, help="drags")
    parser.add_argument("--starts", type=int, default=5, help="windows of each kind")
    given = parser.parse_args()
    for what, (numbers, whole, work) in edit_times(given.edits).items() if given.edits else ():
        wall, own = 1e3 * np.median(numbers, axis=0)
        print(f"{what}, edit: final numbers {wall:.0f} ms median (own {own:.0f} ms; goal {1e3 * GOAL_EDIT:.0f} ms)")
        print(f"{what}, edit: dose-response too {1e3 * np.median(whole):.0f} ms median")
        ours, alone = 1e3 * np.median(work, axis=0)
        ratio = np.median([one / other for one, other in work])
        print(f"{what}, work: {ours:.0f} ms, analysis alone {alone:.0f} ms: {ratio:.2f} times (goal {GOAL_WORK})")
    if given.starts:
        with_panel, without = start_times(given.starts)
        bare, docked = np.median(without, axis=0), np.median(with_panel, axis=0)
        for name, one, other in zip(("wall", "own"), bare, docked, strict=True):
            more = f"{other - one:.2f} s more (goal {GOAL_START} s)"
            print(f"start, {name} time: {one:.2f} s without, {other:.2f} s with the panel: {more}")


Pairs = list[tuple[float, float]]


def edit_times(count: int) -> dict[str, tuple[Pairs, list[float], Pairs]]:
    """Seconds of every drag, for all that can be dragged.

    Returns
    -------
    numbers : list of (float, float)
        To the final numbers: of wall, and of the window's own time.
    whole : list of float
        To the dose-response, of wall.
    work : list of (float, float)
        To the final numbers: what both threads worked, and what the analysis alone takes.
    """
    import napari
    from qtpy.QtTest import QTest

    import ublot

    simulated = ublot.simulate_blot(seed=2, lanes=15, shape=(2048, 2048))
    viewer = napari.Viewer(show=True)
    metadata = {
        "ublot_blot": ublot.read_blot(simulated.image),
        "ublot_layout": simulated.layout,
        "ublot_options": {"marker": simulated.truth["marker_kda"]},
    }
    viewer.add_image(metadata["ublot_blot"].signal, name="blot", metadata=metadata)
    _, panel = viewer.window.add_plugin_dock_widget("ublot", "ublot")
    viewer.window._qt_window.resize(1500, 950)
    panel.controller.find_lanes()
    wait(lambda: not panel.runner.busy)
    panel.folds["Answer"].set_open(True)
    panel.folds["Densitometry"].set_open(True)
    assert panel.answer.plot.isVisible(), "there is no room for both"
    viewer.fit_to_view()
    QTest.qWait(200)
    found = {}
    for what, (mode, place, step) in DRAGGED.items():
        mode(panel.picture)
        found[what] = drags(viewer, panel, place, step, count)
    for blot in panel.controller.blots.values():
        blot.saved(None)
    viewer.close()
    return found


def grip_bands(picture: Any) -> None:
    """Let the marker's bands be dragged."""
    picture.viewer.layers.selection.active = picture.bands
    picture.bands.mode = "select"


def lane_place(analysis: Any, k: int) -> tuple[float, float]:
    """Row and column where a lane is taken hold of."""
    return 1000.0, float(analysis.geometry[3 + k % 9].centre(1000.0))


def band_place(analysis: Any, k: int) -> tuple[float, float]:
    """Row and column of a band of the marker."""
    lanes, rows = analysis.geometry, analysis.calibration.rows
    return float(rows[1 + k % (len(rows) - 2)]), float(lanes[0].centre(lanes.window.mid_row))


def boundary_place(analysis: Any, k: int) -> tuple[float, float]:
    """Row and column of the HMW boundary of a lane, beside the handle in its middle."""
    ladder = analysis.ladders[3 + k % 9]
    lane = analysis.geometry[ladder.lane - 1]
    return float(ladder.boundary_row), float(lane.centre(ladder.boundary_row)) + 0.25 * lane.width


DRAGGED: dict[str, tuple[Any, Any, tuple[float, float]]] = {
    "lane": (lambda picture: picture.set_mode("select"), lane_place, (0.0, 8.0)),
    "marker": (grip_bands, band_place, (6.0, 0.0)),
    "boundary": (lambda picture: picture.drag_boundaries(), boundary_place, (8.0, 0.0)),
}
"""How it is made ready, where it is taken hold of, and how far it is dragged, px."""


def drags(viewer: Any, panel: Any, place: Any, step: tuple[float, float], count: int) -> Any:
    """What `edit_times` gives, for one kind of edit; the first is not counted."""
    canvas = viewer.window._qt_viewer.canvas
    zero, far = (np.array(canvas._map_canvas2world((at, at), canvas.view)[-2:]) for at in (0, 100))
    numbers, whole, work = [], [], []
    for k in range(3 * count + 3):
        if len(work) > count:
            break
        before = panel.analysis
        viewer.layers.selection.active.selected_data = set()  # whose handles would be taken hold of instead
        begin = np.array(place(before, k))
        end = begin + np.array(step) * (1 if k % 2 else -1)
        first, last = ((round(x), round(y)) for y, x in (100 * (at - zero) / (far - zero) for at in (begin, end)))
        drag(canvas.native, first, last)
        times = time.perf_counter(), time.thread_time()
        worked = thread_work()
        release(canvas.native, last)
        if not panel.runner.busy:  # the mouse took hold of something else, as a handle
            panel.controller.refresh()
            continue
        wait(lambda before=before: panel.analysis is not before)
        for plot in (panel.profile.plot.plot, panel.answer.plot.plot):
            plot.viewport().repaint()
        numbers.append((time.perf_counter() - times[0], time.thread_time() - times[1]))
        worked = thread_work() - worked
        wait(lambda: not panel.runner.busy)
        whole.append(time.perf_counter() - times[0])
        alone, after = time.thread_time(), panel.analysis
        revised = before.revised(after.layout, after.params, after.edits)
        _ = revised.columns
        work.append((worked, time.thread_time() - alone))
        assert revised == after
    assert len(work) > count, "what is dragged is not taken hold of"
    return numbers[1:], whole[1:], work[1:]


def wait(condition: Callable[[], bool]) -> None:
    """Run the window until something holds, without turning round and round, which would take the processor from it."""
    from qtpy.QtCore import QEventLoop, QTimer
    from qtpy.QtWidgets import QApplication

    tick = QTimer()
    tick.start(100)  # so that there is always an event to wake up for
    while not condition():
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)


def thread_work() -> float:
    """Seconds of processor that the window's thread and those of Qt's pool, where analyses are made, have taken."""
    taken = 0.0
    for task in Path("/proc/self/task").iterdir():
        if int(task.name) == os.getpid() or (task / "comm").read_text().startswith("Thread (pooled)"):
            taken += 1e-9 * int((task / "schedstat").read_text().split()[0])
    return taken


def drag(native: Any, first: tuple[int, int], last: tuple[int, int]) -> None:
    """Press the left button and move, without letting go."""
    from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
    from qtpy.QtGui import QMouseEvent
    from qtpy.QtTest import QTest
    from qtpy.QtWidgets import QApplication

    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QTest.mouseMove(native, QPoint(*first))
    QTest.mousePress(native, left, pos=QPoint(*first))
    for share in (0.5, 1.0):
        place = QPoint(*(round(a + share * (b - a)) for a, b in zip(first, last, strict=True)))
        there = QPointF(place), QPointF(native.mapToGlobal(place))
        event = QMouseEvent(QEvent.Type.MouseMove, *there, Qt.MouseButton.NoButton, left, none)
        QApplication.sendEvent(native, event)
    QApplication.processEvents()


def release(native: Any, place: tuple[int, int]) -> None:
    """Let the left button go."""
    from qtpy.QtCore import QPoint, Qt
    from qtpy.QtTest import QTest

    QTest.mouseRelease(native, Qt.MouseButton.LeftButton, pos=QPoint(*place))


def start_times(count: int) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """Seconds of wall and own time until a window with and one without the panel is drawn."""
    times: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
    for _ in range(count):
        for docked in (False, True):
            done = subprocess.run(
                [sys.executable, "-W", "ignore", "-c", START.format(docked=docked)], capture_output=True, check=True
            )
            wall, own = map(float, done.stdout.split()[-2:])
            times[docked].append((wall, own))
    return times[True], times[False]


if __name__ == "__main__":
    main()
