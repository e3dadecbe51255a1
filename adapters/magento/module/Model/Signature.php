<?php
/**
 * Copyright © Comeback contributors.
 * MIT License, see LICENSE.
 */
declare(strict_types=1);

namespace Comeback\Loyalty\Model;

/**
 * The headers by which Comeback knows that a message is ours, of now, and not one that somebody sends again.
 */
class Signature
{
    public const TIMESTAMP = 'X-Comeback-Timestamp';
    public const NONCE = 'X-Comeback-Nonce';
    public const SIGNATURE = 'X-Comeback-Signature';

    /**
     * Return the three headers; the time is that of this try, the nonce stays over all tries of a message.
     *
     * @param string $nonce
     * @param string $body exactly as it is sent
     * @param int $now Unix seconds
     * @param string $secret
     * @return string[]
     */
    public function headers(string $nonce, string $body, int $now, string $secret): array
    {
        return [
            self::TIMESTAMP => (string)$now,
            self::NONCE => $nonce,
            self::SIGNATURE => hash_hmac('sha256', $now . '.' . $nonce . '.' . $body, $secret)
        ];
    }
}
