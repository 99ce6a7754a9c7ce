"""boto3 as an independent client of aws_sso.py: a good round, then each malformed request must be refused. usage: aws_client.py ORIGIN"""
import json
import sys
import urllib.error
import urllib.request

import boto3
from botocore import UNSIGNED
from botocore.config import Config

origin = sys.argv[1]
options = {"region_name": "us-east-1", "endpoint_url": origin, "config": Config(signature_version=UNSIGNED, proxies={}, retries={"total_max_attempts": 1})}
oidc, portal = boto3.client("sso-oidc", **options), boto3.client("sso", **options)
client = oidc.register_client(clientName="t", clientType="public", scopes=["sso:account:access"], redirectUris=["http://127.0.0.1/oauth/callback"], grantTypes=["authorization_code", "refresh_token"], issuerUrl="https://acme.awsapps.com/start")
who = {"clientId": client["clientId"], "clientSecret": client["clientSecret"]}
device = oidc.start_device_authorization(startUrl="https://acme.awsapps.com/start", **who)
ask = {"grantType": "urn:ietf:params:oauth:grant-type:device_code", "deviceCode": device["deviceCode"], **who}
try:
    oidc.create_token(**ask)
    raise SystemExit("a token before the person allowed it")
except oidc.exceptions.AuthorizationPendingException:
    pass
plain = urllib.request.build_opener(urllib.request.ProxyHandler({}))
plain.open(f"{origin}/interaction/sign-in?user_code={device['userCode']}", b"username=aiko&password=demo")
token = oidc.create_token(**ask)
assert portal.list_accounts(accessToken=token["accessToken"])["accountList"][0]["accountId"] == "111122223333"
rotated = oidc.create_token(grantType="refresh_token", refreshToken=token["refreshToken"], **who)
try:
    oidc.create_token(grantType="refresh_token", refreshToken=token["refreshToken"], **who)
    raise SystemExit("a refresh token worked twice")
except oidc.exceptions.InvalidGrantException:
    pass
portal.logout(accessToken=rotated["accessToken"])
for body in ({"clientName": "t"}, {"clientName": "t", "clientType": "public", "client_id": "x"}, {"clientName": 1, "clientType": "public"}, []):
    try:
        plain.open(urllib.request.Request(f"{origin}/client/register", json.dumps(body).encode(), {"content-type": "application/json"}))
        raise SystemExit(f"accepted {body}")
    except urllib.error.HTTPError as error:
        assert error.code == 400 and error.headers["x-amzn-ErrorType"] == "InvalidRequestException", error.code
print("ok")
