<?php
/**
 * Copyright © Comeback contributors.
 * MIT License, see LICENSE.
 */
declare(strict_types=1);

namespace Comeback\Loyalty\Model;

/**
 * The visitor's session as PHP holds it: while it is open, whatever they ask for next waits.
 */
class OpenSession
{
    /**
     * Write the session down and let go of it, as Magento does at the end of every request; without one, do nothing.
     *
     * @return void
     */
    public function close(): void
    {
        // Not by Magento's session manager: one that is first made now would set PHP's session settings, which may not
        // be set any more once a page is out.
        // phpcs:ignore Magento2.Functions.DiscouragedFunction
        if (session_status() === PHP_SESSION_ACTIVE) {
            // phpcs:ignore Magento2.Functions.DiscouragedFunction
            session_write_close();
        }
    }
}
