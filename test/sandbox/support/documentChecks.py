"""Two of Schemathesis' own checks, told what an OpenAPI document cannot say.

Loaded by test/sandbox/schemathesis.test.ts through SCHEMATHESIS_HOOKS.
"""

import re

import schemathesis

# Refusals of the request's form. What the catalog, a policy or the state of a namespace refuses has a code of its own.
OF_FORM = {"INVALID_REQUEST", "INVALID_PARAMETER", "MALFORMED_JSON", "UNSUPPORTED_MEDIA_TYPE"}

# What JSON Schema or OpenAPI has no word for, by the text of the refusal.
UNSAYABLE = (
    "does not come from a nextLink",  # an opaque text is valid only where it was given
    "goes with format=tsql",  # one parameter depends on another
    "/metadata/name: must be a DNS-1123 label",  # only where there is no metadata.namespace
    "must not name a database twice",  # entries that differ in some fields, and not in others
    "is named twice",
    "must not name a target twice",
    "must not repeat a word",
    "must not repeat a role",  # a CustomResourceDefinition may not say uniqueItems, and shares the schema
    "must name at least one",  # any one of several lists
    "The catalog has no",  # several problems at once share one code, also where one is the catalog's
)

# As the document has it. Schemathesis also sends tags that it does not allow, and counts them as valid.
TAGS = re.compile(r'\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*')


def has_invalid_tags(headers):
    sent = [headers[name] for name in ("if-match", "if-none-match") if name in headers]
    return any(TAGS.fullmatch(str(value)) is None for value in sent)


@schemathesis.check
def takes_what_the_document_calls_valid(ctx, response, case):
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if response.status_code not in (400, 415, 422):
        return
    problem = response.json()
    if problem.get("code") not in OF_FORM:
        return
    detail = problem.get("detail", "")
    if any(text in detail for text in UNSAYABLE) or has_invalid_tags(case.headers or {}):
        return
    raise AssertionError(f"valid by the document, and refused: {problem['code']}: {detail}")
