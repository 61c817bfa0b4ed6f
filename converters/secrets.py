"""Which names and contents are likely secrets, in a folder as in an archive or a message?

The scan leaves such files out of the index, not even their names are in it. Converters do the same
with what lies in other files.
"""

from __future__ import annotations

import re
from fnmatch import translate
from functools import cache, lru_cache

# In .gitignore syntax; matched without regard to case.
SECRETS = """
.env
.env.*
*.env
.envrc
!.env.example
!.env.sample
!.env.template
!.env.dist
!.env.schema
!example.env
!sample.env
!template.env

id_rsa*
id_dsa*
id_ecdsa*
id_ed25519*
!id_*.pub
*.pem
*.key
*.p8
*.p12
*.pfx
*.jks
*.keystore
*.ppk
*.agekey
*.pkcs12

.ssh/
.gnupg/
.aws/
.azure/
.kube/
.docker/
.gcloud/
.password-store/
.secrets/
keyrings/
Keychains/
*.keychain
*.keychain-db
*.kdb
*.kdbx
*.1pif
*.1pux
*.agilekeychain
*.opvault
*.psafe3
wallet.dat
bitwarden_export*
lastpass_export*
*passwords.csv
logins.csv

.netrc
_netrc
.pgpass
pgpass.conf
.my.cnf
.mylogin.cnf
.git-credentials
.npmrc
.yarnrc.yml
.pypirc
.htpasswd
.dockercfg
.dockerconfigjson
.vault-token
.vault_pass
.vault_pass.txt
.terraformrc
.s3cfg
.boto
.rclone.conf
rclone.conf
terraform.tfstate*
*.tfvars
!*.example.tfvars
*.ovpn
wg[0-9]*.conf
kubeconfig
*.kubeconfig
.authinfo*
.msmtprc
.fetchmailrc

credentials.json
credentials.csv
credentials.xml
credentials.y*ml
credentials.toml
client_secret*.json
service-account*.json
service_account*.json
secret.json
secret.y*ml
secrets.json
secrets.y*ml
secrets.toml
application_default_credentials.json
accessKeys.csv

.*_history
.histfile
.lesshst
.viminfo
fish_history
ConsoleHost_history.txt

Login Data
Login Data For Account
Web Data
Cookies
!Cookies/
cookies.sqlite*
key3.db
key4.db
cert9.db
logins.json
logins-backup.json
signons.sqlite
formhistory.sqlite
Cookies.binarycookies
"""

_PRIVATE_KEY = re.compile(
    # A comment of the program that wrote it may stand before.
    rb"\s*(?:#[^\n]*\n\s*)*"
    rb"(?:-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY|PuTTY-User-Key-File-|AGE-SECRET-KEY-1"
    # What Google Cloud hands out, named after the project.
    rb'|\{\s*"type":\s*"service_account")'
)


def is_secret(path: str) -> bool:
    """Whether the path inside an archive or a message, or a folder on it, is called like a secret.

    Nobody's own rules reach in there, so these names decide alone.
    """
    *folders, name = path.lower().split("/")
    return any(_is_called_so(each, True) for each in folders) or _is_called_so(name, False)


def begins_with_key(head: bytes) -> bool:
    """Whether a file that begins so holds a private key, whatever its name."""
    return _PRIVATE_KEY.match(head.removeprefix(b"\xef\xbb\xbf")) is not None


def secrets_note(count: int) -> tuple[str, ...]:
    """The remark on what a file holds that so many likely secrets in it were left out."""
    what = "1 likely secret in it was" if count == 1 else f"{count} likely secrets in it were"
    return (f"{what} left out",) if count else ()


@lru_cache(maxsize=4096)
def _is_called_so(name: str, is_folder: bool) -> bool:
    if not _any_pattern().match(name):
        return False
    found = (
        not negated
        for pattern, negated, folders_only in _patterns()
        if (is_folder or not folders_only) and pattern.match(name)
    )
    return next(found, False)


@cache
def _any_pattern() -> re.Pattern[str]:
    """What all names match that any rule may leave out; an archive has thousands that don't."""
    return re.compile("|".join(each.pattern for each, negated, _ in _patterns() if not negated))


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], bool, bool], ...]:
    """Each rule, the last first as it takes precedence: does it negate, is it for folders."""
    rules = [line for line in reversed(SECRETS.split("\n")) if line]
    return tuple(
        (
            re.compile(translate(rule.lower().removeprefix("!").removesuffix("/"))),
            rule.startswith("!"),
            rule.endswith("/"),
        )
        for rule in rules
    )
