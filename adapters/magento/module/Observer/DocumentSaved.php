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
 * A credit memo, an invoice or a shipment was saved: its order is to be looked at, also where a module left that alone.
 */
class DocumentSaved implements ObserverInterface
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
        $document = $observer->getEvent()->getData('data_object');
        $this->notes->order($document->getOrderId(), $document->getStoreId());
    }
}
