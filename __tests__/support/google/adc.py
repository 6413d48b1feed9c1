"""Trades by a credential file, as dbt-bigquery does with `method: oauth`. Standard input is JSON; prints token and expiry."""

import json
import sys

from google.auth import identity_pool
from google.auth.transport.requests import Request

asked = json.load(sys.stdin)
# Not google.auth.default(), which also asks Google itself for the id of the provider's project.
credentials = identity_pool.Credentials.from_info(asked["adc"], scopes=asked["scopes"])
credentials.refresh(Request())
print(json.dumps({"expires": credentials.expiry.isoformat() + "Z", "token": credentials.token}))
