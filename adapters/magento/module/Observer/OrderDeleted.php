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
 * An order was deleted.
 */
class OrderDeleted implements ObserverInterface
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
        $order = $observer->getEvent()->getData('data_object');
        $this->notes->order($order->getId(), $order->getStoreId(), true);
    }
}
