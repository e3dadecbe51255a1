<?php
/**
 * Copyright © Comeback contributors.
 * MIT License, see LICENSE.
 */
declare(strict_types=1);

namespace Comeback\Loyalty\Model\Config;

use Magento\Framework\App\Config\Value;
use Magento\Framework\Exception\LocalizedException;

/**
 * The address for messages as it is saved: https, with a host, without a name or password in it.
 */
class Address extends Value
{
    /**
     * Refuse what hints must not be sent to.
     *
     * @return $this
     * @throws LocalizedException
     */
    public function beforeSave()
    {
        $address = trim((string)$this->getValue());
        if ($address !== '' && !$this->isSafe($address)) {
            throw new LocalizedException(
                __('The address for messages begins with https:// and is copied whole from Comeback.')
            );
        }
        $this->setValue($address);
        return parent::beforeSave();
    }

    /**
     * Tell whether it is https with nothing odd before the host.
     *
     * @param string $address
     * @return bool
     */
    private function isSafe(string $address): bool
    {
        return (bool)preg_match('~^https://[a-z0-9.-]+(:[0-9]{1,5})?/[\x21-\x7e]+$~i', $address)
            && filter_var($address, FILTER_VALIDATE_URL) !== false;
    }
}
