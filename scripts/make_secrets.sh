#!/bin/sh
# Make the secrets that docker-compose.yml mounts, in secrets/. What is there already is never touched; the password of
# the mail server and the client at Google can't be made up, so those files are left for you to fill.
set -eu
cd "$(dirname "$0")/.."

# Compose mounts the files as they are, for a user that owns none of them; the folder keeps others on this machine out.
mkdir -p secrets
chmod 700 secrets
umask 022

for name in secret_key encryption_keys database_password redis_password metrics_token; do
    if [ ! -s "secrets/$name" ]; then
        head -c 48 /dev/urandom | base64 | tr -d '\n=' | tr '+/' '-_' > "secrets/$name"
        echo "made secrets/$name"
    fi
done
# Stays empty where nobody continues with Google.
: >> secrets/google_client_secret
if [ ! -s secrets/email_password ]; then
    : >> secrets/email_password
    echo "Write the password of your mail server's account into secrets/email_password."
fi
