<?php
/**
 * Copyright © Comeback contributors.
 * MIT License, see LICENSE.
 */
declare(strict_types=1);

namespace Comeback\Loyalty\Api;

/**
 * Where hints go, as an integration with the right to these settings may see and set it.
 *
 * @api
 */
interface MessagesInterface
{
    /**
     * Return where hints go, or an empty string; what signs them is never shown.
     *
     * @return string
     */
    public function address(): string;

    /**
     * Have hints go there from now on, signed with this secret; with an empty address, nowhere, and forget the secret.
     *
     * @param string $address
     * @param string $secret
     * @return bool
     * @throws \Magento\Framework\Exception\LocalizedException
     */
    public function set(string $address, string $secret): bool;
}
