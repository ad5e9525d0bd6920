# Signs a URL's path and query for Safelight.

require "cgi"
require "openssl"
require "uri"

module Safelight
  def self.encode(text)
    text.b.gsub(/[^A-Za-z0-9\-._~]/n) { |byte| format("%%%02X", byte.ord) }
  end

  # Returns the signed query. `expires` is in seconds since 1970.
  def self.sign(path, query, key_id, secret, expires: nil)
    query = [query, "exp=#{expires}"].reject(&:empty?).join("&") if expires
    pairs = query.split("&").reject(&:empty?).map { |pair| pair.split("=", 2).then { |k, v| [CGI.unescape(k).b, CGI.unescape(v || "").b] } }
    pairs = pairs.sort.map { |pair| pair.map { |text| encode(text) }.join("=") }.join("&")
    encoded_path = CGI.unescape(path.gsub("+", "%2B")).split("/", -1).map { |part| encode(part) }.join("/")
    digest = OpenSSL::HMAC.digest("SHA256", secret, "safelight-url-1\n#{encoded_path}\n#{pairs}")
    signature = [digest].pack("m0").tr("+/", "-_").delete("=")
    [query, "sig=#{key_id}.#{signature}"].reject(&:empty?).join("&")
  end
end
