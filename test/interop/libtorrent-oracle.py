"""Answers, by libtorrent 2 itself, what our torrent files should be.

Reads one JSON object from standard input and prints one to standard output:
  {"create": [case...], "load": [base64...]}  ->  {"create": [answer...], "load": [answer...]}
A case is an entry of oracle-cases.json; its content is made here, in a temporary folder.
With "--write" it brings the infohashes of oracle-cases.json up to date instead.
"""

import base64
import hashlib
import json
import os
import sys
import tempfile

import libtorrent as lt

V1_ONLY = int(lt.create_torrent.v1_only)
V2_ONLY = int(lt.create_torrent.v2_only)
SYMLINKS = int(lt.create_torrent.symlinks)


def content_of(entry):
    return hashlib.shake_256(entry["seed"].encode()).digest(entry["sizeBytes"])


def make_tree(case, folder):
    root = os.path.join(folder, case["name"])
    if case["isDirectory"]:
        os.makedirs(root)
    for entry in case["files"]:
        path = os.path.join(root, *entry["path"]) if case["isDirectory"] else root
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if "link" in entry:
            os.symlink(entry["link"], path)
            continue
        with open(path, "wb") as file:
            file.write(content_of(entry))
        os.chmod(path, 0o755 if entry.get("isExecutable") else 0o644)
    return root


def content_order(entry):
    return [component.encode() for component in entry["path"]]


def v1_files(case):
    """libtorrent takes the files of v1 in the order of the disk, so they are given to it one by one."""
    files = lt.file_storage()
    for entry in sorted(case["files"], key=content_order):
        path = os.path.join(case["name"], *entry["path"]) if case["isDirectory"] else case["name"]
        # What its own scan of a folder gives: a link is executable too.
        flags = lt.file_flags_t.flag_executable if entry.get("isExecutable") or "link" in entry else 0
        if "link" in entry:
            flags |= lt.file_flags_t.flag_symlink
        files.add_file(path, entry.get("sizeBytes", 0), int(flags), 0, entry.get("link", ""))
    return files


def create(case):
    answer = {}
    with tempfile.TemporaryDirectory() as folder:
        root = make_tree(case, folder)
        for form, flags in (("v1", V1_ONLY), ("v2", V2_ONLY), ("hybrid", 0)):
            files = v1_files(case) if form == "v1" else lt.file_storage()
            if form != "v1":
                lt.add_files(files, root, flags=flags | SYMLINKS)
            torrent = lt.create_torrent(files, piece_size=case["chunkSizeBytes"], flags=flags | SYMLINKS)
            torrent.set_creator("libtorrent")
            torrent.add_tracker("http://tracker.example/announce")
            lt.set_piece_hashes(torrent, folder)
            encoded = lt.bencode(torrent.generate())
            answer[form] = {**hashes_of(lt.torrent_info(lt.bdecode(encoded))), "torrent": base64.b64encode(encoded).decode()}
    return answer


def hashes_of(info):
    hashes = info.info_hashes()
    found = {}
    if hashes.has_v1():
        found["infoHashV1"] = hashes.v1.to_bytes().hex()
    if hashes.has_v2():
        found["infoHashV2"] = hashes.v2.to_bytes().hex()
    return found


def load(encoded):
    try:
        info = lt.torrent_info(lt.bdecode(base64.b64decode(encoded)))
    except RuntimeError as error:
        return {"error": str(error)}
    files = info.files()
    listed = []
    for index in range(files.num_files()):
        if files.file_flags(index) & int(lt.file_flags_t.flag_pad_file):
            continue
        listed.append({"path": files.file_path(index), "sizeBytes": files.file_size(index), "link": files.symlink(index)})
    return {**hashes_of(info), "files": listed}


def write_cases():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "oracle-cases.json")
    with open(path, encoding="utf-8") as file:
        cases = json.load(file)
    for case in cases:
        answer = create(case)
        case["infoHashes"] = {form: {k: v for k, v in answer[form].items() if k != "torrent"} for form in answer}
    with open(path, "w", encoding="utf-8") as file:
        json.dump(cases, file, ensure_ascii=True, indent=2)
        file.write("\n")


if __name__ == "__main__":
    if "--write" in sys.argv:
        write_cases()
    else:
        asked = json.load(sys.stdin)
        print(json.dumps({"create": [create(c) for c in asked["create"]], "load": [load(t) for t in asked["load"]]}))
