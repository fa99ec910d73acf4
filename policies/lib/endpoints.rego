# METADATA
# title: Endpoints
# description: |
#   The endpoints an organisation declares in `data.regent.endpoints`, an object of entries by name:
#   `{"path": glob, "methods": [names], "public": bool, "regions": [names]}`. `*` in a path stands for one segment,
#   `**` for any number of them.
package regent.lib.endpoints

# The list of models, and one model of it, are answered by Regent itself from the registry: with what the caller may
# use, and never by an upstream.
_own if {
	input.request.method == "GET"
	regex.match(`^/v1/models(/.*[^/])?$`, _path)
}

# Paths are compared as they were sent, and only when they are spelt plainly: a path with dot segments, escapes or
# doubled slashes names something else to the next server that reads it.
_path := path if {
	path := split(input.request.path, "?")[0]
	regex.match(`^(/[A-Za-z0-9_~!$&'()*+,=:@-][A-Za-z0-9._~!$&'()*+,=:@-]*)+/?$`, path)
}

listed if _own

listed if count(matching) > 0

# Nobody is asked who they are here.
public if {
	some endpoint in matching
	endpoint.public == true
}

# What is asked goes to an upstream that no registry entry describes.
forwarded if {
	count(matching) > 0
	not public
}

matching contains endpoint if {
	some endpoint in data.regent.endpoints
	input.request.method in object.get(endpoint, "methods", ["GET", "HEAD"])
	glob.match(endpoint.path, ["/"], _path)
}
