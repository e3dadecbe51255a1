<?php
/**
 * Copyright © Comeback contributors.
 * MIT License, see LICENSE.
 */
declare(strict_types=1);

namespace Comeback\Loyalty\ViewModel;

use Comeback\Loyalty\Setup\Patch\Data\AddCustomerAttributes;
use Magento\Customer\Api\Data\CustomerInterface;
use Magento\Customer\Helper\Session\CurrentCustomer;
use Magento\Framework\Exception\LocalizedException;
use Magento\Framework\View\Element\Block\ArgumentInterface;

/**
 * What the account page shows of the customer's points; it reads what Comeback wrote and calls nobody.
 */
class Card implements ArgumentInterface
{
    private CurrentCustomer $currentCustomer;

    /**
     * @param CurrentCustomer $currentCustomer
     */
    public function __construct(CurrentCustomer $currentCustomer)
    {
        $this->currentCustomer = $currentCustomer;
    }

    /**
     * Tell whether Comeback has written anything about this customer.
     *
     * @return bool
     */
    public function isThere(): bool
    {
        return $this->word(AddCustomerAttributes::BALANCE) !== '' || $this->tier() !== '';
    }

    /**
     * Return the points that can be spent.
     *
     * @return int
     */
    public function balance(): int
    {
        return (int)$this->word(AddCustomerAttributes::BALANCE);
    }

    /**
     * Return the name of the tier, or an empty string.
     *
     * @return string
     */
    public function tier(): string
    {
        return $this->word(AddCustomerAttributes::TIER);
    }

    /**
     * Read one attribute of the customer who is signed in.
     *
     * @param string $code
     * @return string empty where there is none
     */
    private function word(string $code): string
    {
        $customer = $this->customer();
        $attribute = $customer === null ? null : $customer->getCustomAttribute($code);
        return $attribute === null ? '' : trim((string)$attribute->getValue());
    }

    /**
     * Return who is signed in, null where somebody was deleted or signed out meanwhile.
     *
     * @return CustomerInterface|null
     */
    private function customer(): ?CustomerInterface
    {
        try {
            return $this->currentCustomer->getCustomerId() ? $this->currentCustomer->getCustomer() : null;
        } catch (LocalizedException $gone) {
            return null;
        }
    }
}
