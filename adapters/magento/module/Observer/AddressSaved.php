<?php
/**
 * Copyright © Comeback contributors.
 * MIT License, see LICENSE.
 */
declare(strict_types=1);

namespace Comeback\Loyalty\Observer;

use Comeback\Loyalty\Model\Notes;
use Magento\Framework\Event\Observer;
use Magento\Framework\Event\ObserverInterface;

/**
 * An address was saved on its own, which does not move the customer's own date.
 */
class AddressSaved implements ObserverInterface
{
    private Notes $notes;

    /**
     * @param Notes $notes
     */
    public function __construct(Notes $notes)
    {
        $this->notes = $notes;
    }

    /**
     * @inheritdoc
     */
    public function execute(Observer $observer)
    {
        // Nothing is asked of the customer here: while its addresses are saved it may not be whole yet.
        $this->notes->customer($observer->getEvent()->getData('data_object')->getCustomerId(), null);
    }
}
