<?php
/**
 * Copyright © Comeback contributors.
 * MIT License, see LICENSE.
 */
declare(strict_types=1);

namespace Comeback\Loyalty\Model;

use Magento\Framework\Notification\MessageInterface;
use Magento\Framework\Phrase;

/**
 * The line on top of the admin while Comeback refuses what we send.
 */
class Notice implements MessageInterface
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
    public function getIdentity()
    {
        return 'comeback_loyalty_refused';
    }

    /**
     * @inheritdoc
     */
    public function isDisplayed()
    {
        return $this->condition->isRefused();
    }

    /**
     * Say what to do about it.
     *
     * @return Phrase
     */
    public function getText()
    {
        return __(
            'Comeback refuses what this shop sends. Look at the address and the secret under '
            . 'Stores > Configuration > Customers > Comeback, and at the clock of this server.'
        );
    }

    /**
     * @inheritdoc
     */
    public function getSeverity()
    {
        return self::SEVERITY_MAJOR;
    }
}
