#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Record URLs that google-cloud-storage signs, for a fixed key and time: signed_urls.txt.

    python -m venv V && V/bin/pip install google-cloud-storage && V/bin/python components/gcs/tests/record.py

Lines of the output: bucket, name, method, seconds until it expires, and the URL, with tabs between.
The key in service_account.json was made for this; nothing else knows it.
"""

import datetime
from pathlib import Path
from unittest import mock

from google.cloud import storage
from google.cloud.storage import _signing
from google.oauth2 import service_account

HERE = Path(__file__).resolve().parent
NOW = datetime.datetime(2013, 5, 24, 0, 0, 0)
NAME = "vgi-rpc/00112233445566778899aabbccddeeff.arrow"
WANTED = [
    ("batches", NAME, "GET", 3600),
    ("batches", NAME, "PUT", 604800),
    ("batches", NAME + ".zst", "GET", 1),
    ("my.bucket_1", "a b/\u00e4+&=%~\"'()*!:@$,;?#[]/x.arrow", "GET", 60),
]


def now(zone=None):
    return NOW.replace(tzinfo=zone)


def main():
    credentials = service_account.Credentials.from_service_account_file(HERE / "service_account.json")
    client = storage.Client(project="none", credentials=credentials)
    with mock.patch.object(_signing, "_NOW", now), open(HERE / "signed_urls.txt", "w", encoding="utf-8") as out:
        for bucket, name, method, seconds in WANTED:
            url = client.bucket(bucket).blob(name).generate_signed_url(
                version="v4", expiration=datetime.timedelta(seconds=seconds), method=method
            )
            print(bucket, name, method, seconds, url, sep="\t", file=out)


if __name__ == "__main__":
    main()
