<?php
/**
 * Copyright © Comeback contributors.
 * MIT License, see LICENSE.
 */
declare(strict_types=1);

namespace Comeback\Loyalty\Observer;

use Comeback\Loyalty\Model\Condition;
use Magento\Framework\Event\Observer;
use Magento\Framework\Event\ObserverInterface;

/**
 * The settings were saved: what was refused before may be taken now.
 */
class SettingsSaved implements ObserverInterface
{
    private Condition $condition;

    /**
     * @param Condition $condition
     */
    public function __construct(Condition $condition)
    {
        $this->condition = $condition;
    }

    /**
     * @inheritdoc
     */
    public function execute(Observer $observer)
    {
        $this->condition->clear();
    }
}
