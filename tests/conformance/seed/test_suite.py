# SPDX-License-Identifier: Apache-2.0
"""The conformance suite of the reference, release 0.15.0, as it ships."""

from vgi_rpc.conformance._pytest_suite import *  # noqa: F401,F403
