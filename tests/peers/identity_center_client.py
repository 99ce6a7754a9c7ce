"""boto3 and botocore against the service. Each line on stdout asks the test for something, each line on stdin says that it was done.
usage: identity_center_client.py ENDPOINT START_URL"""
import datetime
import hashlib
import json
import os
import pathlib
import sys
import tempfile

endpoint, start_url = sys.argv[1:]
home = tempfile.TemporaryDirectory()
home_path = pathlib.Path(home.name)
for name in [name for name in os.environ if name.startswith("AWS_") or name.lower().endswith("_proxy")]:
    del os.environ[name]
os.environ |= {
    "HOME": home.name,
    "AWS_CONFIG_FILE": str(home_path / "config"),
    "AWS_ENDPOINT_URL_SSO_OIDC": endpoint,
    "AWS_ENDPOINT_URL_SSO": endpoint,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_MAX_ATTEMPTS": "1",
}

import botocore.exceptions
import botocore.session
from botocore import UNSIGNED
from botocore.config import Config
from botocore.tokens import SSOTokenProvider

unsigned = {"region_name": "us-east-1", "config": Config(signature_version=UNSIGNED)}


def ask(**what):
    print(json.dumps(what), flush=True)
    return sys.stdin.readline().strip()


def refused(kind, call, **members):
    """The error that the client raises, which must be of this modelled kind."""
    try:
        call(**members)
    except botocore.exceptions.ClientError as error:
        assert type(error).__name__ == kind, (type(error).__name__, error.response)
        return error.response
    raise SystemExit(f"no {kind}")


session = botocore.session.Session()
oidc, portal = session.create_client("sso-oidc", **unsigned), session.create_client("sso", **unsigned)
made = oidc.register_client(clientName="botocore", clientType="public", scopes=["sso:account:access"], grantTypes=["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"])
who = {"clientId": made["clientId"], "clientSecret": made["clientSecret"]}
refused("InvalidClientMetadataException", oidc.register_client, clientName="x", clientType="confidential")
refused("InvalidRedirectUriException", oidc.register_client, clientName="x", clientType="public", redirectUris=["https://evil.example/"])
refused("InvalidRequestException", oidc.start_device_authorization, startUrl="https://d-0000000000.awsapps.com/start", **who)
refused("InvalidClientException", oidc.start_device_authorization, startUrl=start_url, clientId=made["clientId"], clientSecret="x")

# Its body has no secret: it is signed instead.
signing = session.create_client("sso-oidc", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
refused("UnsupportedGrantTypeException", signing.create_token_with_iam, clientId="arn:aws:sso::123456789012:application/x", grantType="urn:ietf:params:oauth:grant-type:jwt-bearer", assertion="x")


def sign_in(allow=True):
    """Through the device flow, as the AWS command line goes."""
    device = oidc.start_device_authorization(startUrl=start_url, **who)
    asked = {"grantType": "urn:ietf:params:oauth:grant-type:device_code", "deviceCode": device["deviceCode"], **who}
    refused("AuthorizationPendingException", oidc.create_token, **asked)
    refused("SlowDownException", oidc.create_token, **asked)
    ask(user_code=device["userCode"], allow=allow)
    return asked


refused("AccessDeniedException", oidc.create_token, **sign_in(allow=False))
asked = sign_in()
token = oidc.create_token(**asked)
assert token["tokenType"] == "Bearer" and token["expiresIn"] == 3600, token.keys()
refused("InvalidGrantException", oidc.create_token, **asked)
late = oidc.start_device_authorization(startUrl=start_url, **who)
ask(pass_seconds=601)
refused("ExpiredTokenException", oidc.create_token, grantType=asked["grantType"], deviceCode=late["deviceCode"], **who)

# The portal, page by page.
bearer = {"accessToken": token["accessToken"]}
accounts = [account for page in portal.get_paginator("list_accounts").paginate(**bearer, PaginationConfig={"PageSize": 7}) for account in page["accountList"]]
assert [account["accountId"] for account in accounts] == [f"{number:012}" for number in range(29)], accounts
assert accounts[3]["accountName"] == "Account 3 口座" and accounts[3]["emailAddress"] == "aws+3@acme.example"
roles = [role["roleName"] for page in portal.get_paginator("list_account_roles").paginate(accountId="0" * 12, **bearer, PaginationConfig={"PageSize": 1}) for role in page["roleList"]]
assert roles == ["Developer", "ReadOnly"], roles
refused("InvalidRequestException", portal.list_account_roles, accountId="1", **bearer)
refused("UnauthorizedException", portal.list_accounts, accessToken="x")
assert refused("ClientError", portal.get_role_credentials, accountId="9" * 12, roleName="Developer", **bearer)["Error"]["Code"] == "ForbiddenException"

# The profile chain: the SSO token provider refreshes what is about to expire, and writes it down.
(home_path / "config").write_text(f"""[sso-session acme]
sso_start_url = {start_url}
sso_region = us-east-1
sso_registration_scopes = sso:account:access
[profile work]
sso_session = acme
sso_account_id = 000000000000
sso_role_name = Developer
region = us-east-1
""")
cache = home_path / ".aws/sso/cache"
cache.mkdir(parents=True)
stamp = lambda seconds: (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
kept = cache / f"{hashlib.sha1(b'acme').hexdigest()}.json"
kept.write_text(json.dumps({
    "startUrl": start_url, "region": "us-east-1", "accessToken": token["accessToken"], "expiresAt": stamp(60), "refreshToken": token["refreshToken"],
    **who, "registrationExpiresAt": stamp(86400),
}))
chained = botocore.session.Session(profile="work")
provided = SSOTokenProvider(chained).load_token().get_frozen_token()
written = json.loads(kept.read_text())
assert provided.token == written["accessToken"] != token["accessToken"], "the provider did not refresh"
assert written["refreshToken"] != token["refreshToken"]
assert portal.list_accounts(accessToken=provided.token)["accountList"]
# Role credentials come from STS alone, and there is none: the chain says so, and invents nothing.
try:
    chained.get_credentials().get_frozen_credentials()
    raise SystemExit("credentials without STS")
except botocore.exceptions.ClientError as error:
    assert "STS is not configured" in str(error), error

portal.logout(accessToken=provided.token)
refused("UnauthorizedException", portal.list_accounts, accessToken=provided.token)
refused("UnauthorizedException", portal.logout, accessToken=provided.token)
refused("InvalidGrantException", oidc.create_token, grantType="refresh_token", refreshToken=written["refreshToken"], **who)
ask(done=True)
