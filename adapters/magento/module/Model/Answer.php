<?php
/**
 * Copyright © Comeback contributors.
 * MIT License, see LICENSE.
 */
declare(strict_types=1);

namespace Comeback\Loyalty\Model;

/**
 * What came of one try: a status of HTTP, or none where nobody answered.
 */
class Answer
{
    private const NO_ENTRANCE = [401, 403, 404, 410];
    private const NOT_UNDERSTOOD = [400, 413, 415, 422];

    private int $status;

    private int $wait;

    private string $error;

    /**
     * @param int $status 0 where nobody answered
     * @param int $wait seconds that Comeback asks us to wait, 0 where it does not
     * @param string $error what the line said, where nobody answered
     */
    public function __construct(int $status, int $wait = 0, string $error = '')
    {
        $this->status = $status;
        $this->wait = $wait;
        $this->error = $error;
    }

    /**
     * Tell whether Comeback has the message.
     *
     * @return bool
     */
    public function isTaken(): bool
    {
        return $this->status >= 200 && $this->status < 300;
    }

    /**
     * Tell whether address or secret are wrong, so that no message will be taken.
     *
     * @return bool
     */
    public function isRefused(): bool
    {
        return in_array($this->status, self::NO_ENTRANCE, true);
    }

    /**
     * Tell whether this one message will never be taken, whatever becomes of others.
     *
     * @return bool
     */
    public function isPointless(): bool
    {
        return in_array($this->status, self::NOT_UNDERSTOOD, true);
    }

    /**
     * Return the seconds that Comeback asks us to wait.
     *
     * @return int
     */
    public function wait(): int
    {
        return $this->wait;
    }

    /**
     * Say in a few words what came of it, for the admin and the log.
     *
     * @return string
     */
    public function words(): string
    {
        return $this->status === 0 ? $this->error : 'HTTP ' . $this->status;
    }
}
