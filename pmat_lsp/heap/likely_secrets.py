"""What is probably a secret: by the form of a text, and by the name of the key or variable that holds it.

The forms are those that the issuers of tokens document, as scanners of repositories look for them. A name counts by its
last word, which says what the thing is: `db_password` holds a password, `password_file` a file.
"""

from __future__ import annotations

import re

_LOOKED_AT = 4096
"""Bytes of a text in which a form is looked for."""
_FORMS = re.compile(
    rb"""
    -----BEGIN\ [A-Z0-9\ ]{0,40}PRIVATE\ KEY
    | \b (?: AKIA | ASIA ) [0-9A-Z]{16}                             # AWS
    | \b gh[opsur]_ [0-9A-Za-z]{20} | \b github_pat_ \w{20}         # GitHub
    | \b glpat- [\w-]{20}                                           # GitLab
    | \b xox[abeoprs]- [\w-]{10}                                    # Slack
    | \b [prs]k_ (?: live | test ) _ [0-9A-Za-z]{10}                # Stripe
    | \b AIza [\w-]{35}                                             # Google
    | \b npm_ [0-9A-Za-z]{36} | \b pypi-AgE [\w-]{20}
    | \b sk- [\w-]{20}                                              # OpenAI, Anthropic
    | \b SG\. [\w-]{16,64} \. [\w-]{16}                             # SendGrid
    | \b eyJ [\w-]{8,400} \. eyJ [\w-]{8}                          # JSON Web Token
    | \$ (?: 1 | 2[abxy]? | 5 | 6 | y | argon2id? ) \$ [\w./$,=+-]{20}  # crypt
    | \{ S?SHA[0-9]{0,3} \} [\w+/=]{20}                             # LDAP
    | :// [^/\s:@]{1,100} : [^/\s@]{1,100} @                        # a URL with a password
    | (?i: \b (?: bearer | basic ) \  [\w.~+/=-]{12} )
    | (?i: \b (?: authorization | proxy-authorization | cookie | set-cookie | x-api-key ) : \s? \S )
    | (?i: \b (?: password | passwd | passphrase | pwd | (?: client_? )? secret | api_?key
         | (?: access | auth ) _?token )
        ["']? \s? [=:] \s? ["']? [^\s"'&;]{4} )
    """,
    re.VERBOSE,
)
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_SECRET = re.compile(
    r"""
    (?: .* \  )?
    (?: authorization | cookie | credential | jwt | pass | passphrase | passwd | password | pin | psk | pwd | pw
      | secret
      | sid | token | apikey | accesskey | privatekey | secretkey | sessionid | sessionkey ) s?
    | (?: access | api | auth | encryption | hmac | license | master | private | secret | session | shared | signing
        | ssh | ssl ) \  keys?
    | session \  ids?
    | (?: auth | authorization | otp | verification ) \  codes?
    | (?: pass | password | passwd ) \  (?: hash | hashes )
    """,
    re.VERBOSE,
)
"""The last two words of a name."""
_LONGEST_NAME = 100


def is_likely_secret(text: bytes) -> bool:
    """Whether a text has the form of a secret: a private key, a token, a header with credentials, `password=…`."""
    return _FORMS.search(text, 0, _LOOKED_AT) is not None


def names_a_secret(name: str) -> bool:
    """Whether a key or variable of this name probably holds a secret: `db_password`, `apiKey`, `$session_ids`."""
    words = _WORD.findall(name[-_LONGEST_NAME:])[-2:]
    return _SECRET.fullmatch(" ".join(words).lower()) is not None
