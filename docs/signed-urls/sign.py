"""Signs a URL's path and query for Safelight."""

import base64
import hashlib
import hmac
from urllib.parse import parse_qsl, quote, unquote


def sign(path, query, key_id, secret, expires=None):
    """Returns the signed query. `expires` is in seconds since 1970."""
    if expires is not None:
        query += f"{'&' if query else ''}exp={expires}"
    pairs = sorted((k.encode(), v.encode()) for k, v in parse_qsl(query, keep_blank_values=True))
    pairs = "&".join(f"{quote(k, safe='')}={quote(v, safe='')}" for k, v in pairs)
    message = f"safelight-url-1\n{quote(unquote(path))}\n{pairs}"
    digest = hmac.new(secret.encode(), message.encode(), hashlib.sha256).digest()
    signature = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return f"{query}{'&' if query else ''}sig={key_id}.{signature}"
