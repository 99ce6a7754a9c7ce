"""What the AWS tools do for a token: botocore's SSO token provider, with a valid token in its cache."""

import botocore.session
import botocore.tokens

session = botocore.session.Session(profile="acme")
print(botocore.tokens.SSOTokenProvider(session).load_token().get_frozen_token().token)
