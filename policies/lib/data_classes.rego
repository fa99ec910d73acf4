# METADATA
# title: Data classes
# description: |
#   The classes of the data in a request: the tenant's, and what the client names beyond it in `x-data-class`. A client
#   can only add to what is asked, never take the tenant's class away.
package regent.lib.data_classes

import data.regent.lib.headers

tenant_class := data.regent.tenants[input.identity.tenant].data_class

classes contains tenant_class if is_string(tenant_class)

classes contains class if some class in headers.words("x-data-class")
