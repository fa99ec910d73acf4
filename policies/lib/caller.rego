# METADATA
# title: Caller
# description: Whether the caller may be considered at all.
package regent.lib.caller

import data.regent.lib.endpoints

# A caller is known when something established who it is. Only methods that are proofs count: an absent or unknown
# method is nobody.
known if input.identity.method in {"mtls", "jwt", "api_key"}

admitted if known

admitted if endpoints.public
