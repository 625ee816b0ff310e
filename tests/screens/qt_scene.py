"""A page of the GX's screen in a real Qt Quick engine, with stand-ins of the vendor's components and real D-Bus items.

`python -m tests.screens.qt_scene PLUGIN ITEMS PAGE` in a process of its own, with QT_QPA_PLATFORM=offscreen: PLUGIN is
the JSON file that gui-v2 would load, ITEMS JSON {uid: value}, PAGE a QML file of the plugin. Prints JSON {"texts",
"warnings", "asked"}: what stands on the page from top to bottom, what the engine complained of, the uids that were
asked for. With --change JSON {uid: value} the items change after loading; --shot FILE keeps a picture.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
import time
from pathlib import Path

from PySide6.QtCore import Property, QObject, QResource, QTranslator, QUrl, Signal, Slot, qInstallMessageHandler
from PySide6.QtGui import QGuiApplication
from PySide6.QtQuick import QQuickItem, QQuickView

STAND_INS = Path(__file__).parent / "qml"


class Bus(QObject):
    """The items, by uid."""

    changed = Signal()

    def __init__(self, items: dict[str, object], mqtt: bool) -> None:
        super().__init__()
        self._items = items
        self._mqtt = mqtt
        self.asked: set[str] = set()

    @Property("QVariantMap", notify=changed)
    def items(self) -> dict[str, object]:
        return self._items

    @Property(bool, constant=True)
    def mqtt(self) -> bool:
        return self._mqtt

    @Slot(str)
    def ask(self, uid: str) -> None:
        self.asked.add(uid)

    def change(self, items: dict[str, object]) -> None:
        self._items = self._items | items
        self.changed.emit()


def translators(name: str, language: str) -> list[QTranslator]:
    """As gui-v2 installs them: English, then the language; a language without a file has English."""
    found = []
    for code in dict.fromkeys(("en", language)):
        translator = QTranslator()
        if translator.load(f":/{name}/{name}_{code}.qm"):
            found.append(translator)
    return found


def texts(item: QQuickItem) -> list[str]:
    """Every visible text below an item, as it is painted."""
    found = []
    if not item.isVisible():
        return []
    text = item.property("text")
    if item.inherits("QQuickText") and text:
        found.append(str(text))
    for child in item.childItems():
        found += texts(child)
    return found


def settle(application: QGuiApplication, view: QQuickView) -> None:
    """Let it work until its texts have stayed the same for a while."""
    before: list[str] | None = None
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        end = time.monotonic() + 0.3
        while time.monotonic() < end:
            application.processEvents()
            time.sleep(0.005)
        root = view.rootObject()
        now = [] if root is None else texts(root)
        if now == before:
            return
        before = now


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("plugin", "items", "page"):
        parser.add_argument(name)
    parser.add_argument("--language", default="en")
    parser.add_argument("--device", default="")
    parser.add_argument("--mqtt", action="store_true")
    parser.add_argument("--change")
    parser.add_argument("--shot")
    parser.add_argument("--height", type=int, default=480)
    options = parser.parse_args()

    warnings: list[str] = []
    qInstallMessageHandler(lambda kind, context, text: warnings.append(text))
    application = QGuiApplication([])
    plugin = json.loads(Path(options.plugin).read_text(encoding="utf-8"))
    raw = base64.b64decode(plugin["resource"])
    packed = Path(options.items).with_suffix(".rcc")
    packed.write_bytes(raw)
    assert QResource.registerResource(str(packed)), "Qt cannot open the resource"
    installed = translators(plugin["name"], options.language)
    for translator in installed:
        application.installTranslator(translator)

    bus = Bus(json.loads(Path(options.items).read_text(encoding="utf-8")), options.mqtt)
    view = QQuickView()
    view.engine().addImportPath(str(STAND_INS))
    view.rootContext().setContextProperty("bus", bus)
    page = f"qrc:/{plugin['name']}/{options.page}"
    if options.device:
        maker = STAND_INS / "WithDevice.qml"
        view.setInitialProperties({"page": page, "serviceUid": options.device})
        view.setSource(QUrl.fromLocalFile(str(maker)))
    else:
        view.setSource(QUrl(page))
    warnings += [error.toString() for error in view.errors()]
    view.setResizeMode(QQuickView.ResizeMode.SizeRootObjectToView)
    view.resize(800, options.height)
    view.show()
    settle(application, view)
    if options.change:
        bus.change(json.loads(options.change))
        settle(application, view)
    root = view.rootObject()
    said = texts(root) if root is not None else []
    if options.shot:
        view.grabWindow().save(options.shot)
    print(json.dumps({"texts": said, "warnings": warnings, "asked": sorted(bus.asked)}))
    sys.stdout.flush()
    view.close()


if __name__ == "__main__":
    main()
