<?php
/**
 * Copyright © Comeback contributors.
 * MIT License, see LICENSE.
 */
declare(strict_types=1);

namespace Comeback\Loyalty\Model;

/**
 * The time in Unix seconds; a class of its own so that tests can move it.
 */
class Clock
{
    /**
     * Return the seconds since 1970.
     *
     * @return int
     */
    public function now(): int
    {
        return time();
    }
}
