<?php
/**
 * What Magento 2.4 checks a signature against, told again in PHP: one call a line, two signatures a line, both JSON.
 *
 * First as up to 2.4.7, where encoded keys are sorted as people count ("[2]" before "[10]"); then as from 2.4.8 on, where
 * keys are sorted by their bytes before they are encoded. A part of a query counts only with exactly one "=" in it, a "+"
 * is a plus, and of a key that comes twice the last one counts.
 */
declare(strict_types=1);

function parts(string $query): array
{
    $found = [];
    foreach ($query === '' ? [] : explode('&', $query) as $part) {
        $sides = explode('=', $part);
        if (count($sides) === 2) {
            $found[rawurldecode($sides[0])] = rawurldecode($sides[1]);
        }
    }
    return $found;
}

function place(string $url): string
{
    $of = parse_url($url);
    $usual = ['http' => 80, 'https' => 443][$of['scheme']];
    $port = isset($of['port']) && $of['port'] !== $usual ? ':' . $of['port'] : '';
    return strtolower($of['scheme'] . '://' . $of['host']) . $port . ($of['path'] ?? '/');
}

function signed(array $call, array $pairs): string
{
    $lines = [];
    foreach ($pairs as $key => $value) {
        $lines[] = $key . '=' . $value;
    }
    $base = implode('&', array_map('rawurlencode', [$call['method'], place($call['url']), implode('&', $lines)]));
    $key = rawurlencode($call['consumer']['secret']) . '&' . rawurlencode($call['secret']);
    return base64_encode(hash_hmac('sha256', $base, $key, true));
}

function encoded(array $pairs): array
{
    $found = [];
    foreach ($pairs as $key => $value) {
        $found[rawurlencode((string) $key)] = rawurlencode($value);
    }
    return $found;
}

while (($line = fgets(STDIN)) !== false) {
    $call = json_decode($line, true, 8, JSON_THROW_ON_ERROR);
    $all = $call['said'] + parts(explode('?', $call['url'], 2)[1] ?? '');
    $natural = encoded($all);
    uksort($natural, 'strnatcmp');
    uksort($all, fn ($one, $other) => strcmp((string) $one, (string) $other));
    echo json_encode([signed($call, $natural), signed($call, encoded($all))]), "\n";
}
