<?php
// An API that asks authd about each token (RFC 7662), so it notices a revoked session at once. Needs only PHP.
//
//   authd api-keys create --name shop --scope introspect
//   AUTHD_URL=https://auth.example.com AUTHD_KEY=key_… php -S 127.0.0.1:4000 index.php
declare(strict_types=1);

/** Returns the claims of an active token, or null. Throws if authd does not answer. */
function claimsOf(string $token): ?array
{
    $context = stream_context_create(['http' => [
        'method' => 'POST',
        'header' => [
            'Authorization: Bearer ' . getenv('AUTHD_KEY'),
            'Content-Type: application/x-www-form-urlencoded',
        ],
        'content' => http_build_query(['token' => $token]),
        'timeout' => 5,
    ]]);
    $answer = @file_get_contents(getenv('AUTHD_URL') . '/v1/token/introspect', false, $context);
    if ($answer === false) {
        throw new RuntimeException('authd does not answer, or rejects the API key');
    }
    $claims = json_decode($answer, true, 16, JSON_THROW_ON_ERROR);
    $isForUs = ($claims['token_type'] ?? '') === 'Bearer' && ($claims['aud'] ?? '') === audience();
    return $claims['active'] && $isForUs ? $claims : null;
}

function audience(): string
{
    return getenv('AUDIENCE') ?: (string) getenv('AUTHD_URL');
}

function refuse(int $status, string $header): never
{
    http_response_code($status);
    header($header);
    exit;
}

if (!preg_match('/^Bearer (\S+)$/i', $_SERVER['HTTP_AUTHORIZATION'] ?? '', $found)) {
    refuse(401, 'WWW-Authenticate: Bearer');
}
try {
    $claims = claimsOf($found[1]);
} catch (RuntimeException | JsonException $error) {
    error_log($error->getMessage());
    refuse(503, 'Retry-After: 10');
}
if ($claims === null) {
    refuse(401, 'WWW-Authenticate: Bearer error="invalid_token"');
}
header('Content-Type: application/json');
echo json_encode(['hello' => $claims['sub']]);
