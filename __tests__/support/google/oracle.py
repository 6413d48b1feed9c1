"""The same trade by Google's own library for Python. Standard input is JSON; prints the access token's expiry."""

import json
import sys

from google.auth import identity_pool, impersonated_credentials
from google.auth.transport.requests import Request

asked = json.load(sys.stdin)


class Supplier(identity_pool.SubjectTokenSupplier):
    def get_subject_token(self, context, request):
        return asked["token"]


sts = {
    "audience": asked["audience"],
    "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
    "token_url": asked["sts"],
    "subject_token_supplier": Supplier(),
}
if asked.get("delegates"):
    source = identity_pool.Credentials(**sts, scopes=["https://www.googleapis.com/auth/iam"])
    credentials = impersonated_credentials.Credentials(
        source_credentials=source,
        target_principal=asked["account"],
        target_scopes=asked["scopes"],
        delegates=asked["delegates"],
        lifetime=asked["lifetime"],
        iam_endpoint_override=asked["iam"],
    )
elif asked.get("account"):
    credentials = identity_pool.Credentials(
        **sts,
        scopes=asked["scopes"],
        service_account_impersonation_url=asked["iam"],
        service_account_impersonation_options={"token_lifetime_seconds": asked["lifetime"]},
    )
else:
    credentials = identity_pool.Credentials(**sts, scopes=asked["scopes"])
credentials.refresh(Request())
print(json.dumps({"expires": credentials.expiry.isoformat() + "Z"}))
