# METADATA
# title: Results
# description: The members that rules are made of. Every rule makes its results here, so that their form stands once.
package regent.lib.result

# One reason to refuse. `code` is stable and documented, `message` is for the person who reads the refusal.
denial(code, kind, message) := {"code": code, "kind": kind, "message": message}

# Something the caller should know that refuses nothing.
warning(code, kind, message) := {"code": code, "kind": kind, "message": message}

# A target that must not be chosen.
forbidden(target, reason) := {"target": target, "reason": reason}
