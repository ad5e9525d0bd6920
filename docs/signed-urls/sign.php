<?php
// Signs a URL's path and query for Safelight.

/** Returns the signed query. `$expires` is in seconds since 1970. */
function safelight_sign(string $path, string $query, string $keyId, string $secret, ?int $expires = null): string
{
    if ($expires !== null) {
        $query .= ($query === '' ? '' : '&') . "exp=$expires";
    }
    $pairs = [];
    foreach (array_filter(explode('&', $query), 'strlen') as $pair) {
        [$key, $value] = explode('=', $pair, 2) + [1 => ''];
        $pairs[] = [urldecode($key), urldecode($value)];
    }
    usort($pairs, fn($a, $b) => strcmp($a[0], $b[0]) ?: strcmp($a[1], $b[1]));
    $pairs = implode('&', array_map(fn($pair) => rawurlencode($pair[0]) . '=' . rawurlencode($pair[1]), $pairs));
    $encodedPath = str_replace('%2F', '/', rawurlencode(rawurldecode($path)));
    $digest = hash_hmac('sha256', "safelight-url-1\n$encodedPath\n$pairs", $secret, true);
    $signature = rtrim(strtr(base64_encode($digest), '+/', '-_'), '=');
    return $query . ($query === '' ? '' : '&') . "sig=$keyId.$signature";
}
