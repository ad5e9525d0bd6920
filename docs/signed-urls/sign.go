// Package safelight signs a URL's path and query for Safelight.
package safelight

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"sort"
	"strings"
)

func encode(text string) string {
	return strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
}

// Sign returns the signed query. expires is in seconds since 1970; 0 is no end.
func Sign(path, query, keyID, secret string, expires int64) (string, error) {
	if expires != 0 {
		query = strings.TrimPrefix(fmt.Sprintf("%s&exp=%d", query, expires), "&")
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return "", err
	}
	decoded, err := url.PathUnescape(path)
	if err != nil {
		return "", err
	}
	var keys, pairs []string
	for key := range values {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	for _, key := range keys {
		sort.Strings(values[key])
		for _, value := range values[key] {
			pairs = append(pairs, encode(key)+"="+encode(value))
		}
	}
	encodedPath := strings.ReplaceAll(encode(decoded), "%2F", "/")
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("safelight-url-1\n" + encodedPath + "\n" + strings.Join(pairs, "&")))
	signature := base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	return strings.TrimPrefix(fmt.Sprintf("%s&sig=%s.%s", query, keyID, signature), "&"), nil
}
