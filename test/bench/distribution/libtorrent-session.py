"""One libtorrent session, for `distribute.ts`.

Takes its settings as JSON from the first argument, then one JSON object {"torrent", "folder"} per line. Says "ready" when it
listens, and "complete" when a torrent that it was given is. Ends, with everything written, when its input does.
"""

import json
import sys

import libtorrent

ALERT_WAIT_MS = 500


def main():
    settings = json.loads(sys.argv[1])
    alert = libtorrent.alert.category_t
    settings["alert_mask"] = int(alert.status_notification | alert.error_notification)
    session = libtorrent.session(settings)
    say("ready")
    for line in sys.stdin:
        order = json.loads(line)
        torrent = libtorrent.add_torrent_params()
        torrent.ti = libtorrent.torrent_info(order["torrent"])
        torrent.save_path = order["folder"]
        torrent.flags &= ~(libtorrent.torrent_flags.auto_managed | libtorrent.torrent_flags.paused)
        handle = session.add_torrent(torrent)
        while not handle.status().is_seeding:
            session.wait_for_alert(ALERT_WAIT_MS)
            for event in session.pop_alerts():
                if isinstance(event, (libtorrent.torrent_error_alert, libtorrent.file_error_alert)):
                    sys.exit(str(event))
        say("complete")


def say(word):
    print(word, flush=True)


main()
