"""Simulated devices of a VE.Can port, written from the public layouts and never from gxbridge's own encoder.

As a process, on any bus of python-can (a `gxsocket` folder, or vcan in the guest of tests/kernel):

    python -m tests.port.live --interface gxsocket --channel FOLDER mppt multi-rs tanks

Names are the keys of `fleet.FLEET`. It prints `"ready"`, takes orders as JSON lines on standard input and answers each
with one line, so that `Orders` of tests/contract/scene.py drives it:

    port = Orders(sys.executable, "-m", "tests.port.live", "--interface", "gxsocket", "--channel", folder, "mppt")
    port("state", "mppt")                    what it is and was told (below)
    port("set", "mppt", {"0xEDBB": "1F22"})  registers get these bytes, and are broadcast
    port("source", "mppt", 45.0)             its sun, engine or mains could give 45 A now
    port("quiet", "mppt", True)              its cable is out; False: in again, and it claims anew
    port("address", "mppt", 51)              it claims another address
    port("instance", "mppt", 3)              its N2K device instance becomes 3 (also by PGN 126208)
    port("lose", "mppt", 2)                  the next two writes take effect, their acknowledgement is lost
    port("deaf", "mppt", 2)                  the next two writes to it are lost
    port("refuse", "mppt", "0x2015", 0x8200) it refuses this register with this code; null: no more
    port("announce", "mppt")                 it says who it is and all it knows, as at the start
    port("play", SERVICE, {path: value})     a device of a scenario (`--actors`, below) measures something else
    port("say", [["1CEFFFE1", "6699012018150000"]])   raw frames of anybody else

`state` answers `address`, `name` (16 hexadecimal digits), `current_a`, `state` (0x0201), `error` (0xEDDA), `told` (LINK
register -> number that holds now, in units of the register) and `heard` (every write and LINK broadcast in order:
register, bytes, source, destination, what became of it).

Without a process, and with a time of its own: `SimNode(FLEET["mppt"], now)`, then `hear(can_id, data, now)` and
`tick(now)`, which return the frames that the device sends; `exchange(nodes, frames, now)` does a whole bus.

What they do, and where from: claims and requests as in velib; a write to an address is answered by a broadcast of the
new value, or by VACK (Victron, VE.Can registers public, v20); LINK values hold for 60 s (Venus wiki), and a charger
that was told of a BMS then stops with error 67; a broadcast counts only from a sender of the own N2K device instance
(Venus wiki). Assumed, because nobody says: a broadcast counts only from a display (class 120, as a GX is), and a LINK
register that expired is "not available".

Scenarios of the vendor's behaviour have devices of their own, made of what their D-Bus services show (`actors.py`).
`reach.py` says how much of a scenario frames can say, `stage.py` plays it, `audience.py` looks what devices hold.
"""
